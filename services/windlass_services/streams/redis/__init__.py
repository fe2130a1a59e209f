"""Streams on Redis 7 or later, or on Valkey."""
