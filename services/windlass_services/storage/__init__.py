"""The only SQL: tables, queries, migrations and the six hot operations, for two dialects."""
