"""The schema of a new SQLite database, generated from the migrations."""
