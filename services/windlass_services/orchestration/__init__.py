"""Rules and the one writer of state."""
