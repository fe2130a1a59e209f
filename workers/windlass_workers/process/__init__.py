"""The worker type `process`: each run is a process of this machine, in a session of its own."""
