"""Filters and sorts are data in the contract; here they become SQL, for both dialects."""
