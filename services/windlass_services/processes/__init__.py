"""The processes that can be started: what they open, what runs in them, how they end."""
