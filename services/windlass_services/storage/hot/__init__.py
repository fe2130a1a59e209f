"""The six operations that every run passes through, written by hand for each dialect."""
