"""Public: configuration and credentials that are stored with the server, as classes."""
