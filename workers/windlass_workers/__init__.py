"""The fleet: an agent that polls a work pool, and one worker type per kind of infrastructure."""
