"""Generated from `_async`: change that."""
