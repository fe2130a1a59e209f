"""The version of this distribution, alone in a file so that reading it imports nothing."""

__version__ = "0.2.0.dev0"
