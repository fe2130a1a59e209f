"""The agent: takes runs of one work pool and carries them out by one worker type."""
