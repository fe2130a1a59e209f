"""Filters: which objects a caller asks for, as data. Storage turns them into queries."""
