"""The asynchronous client: the source. `_sync` is generated from it by `scripts/unasync.py`."""
