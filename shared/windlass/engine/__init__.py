"""Runs flows and tasks: one description of each, carried out by a sync or an async driver."""
