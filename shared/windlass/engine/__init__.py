"""Runs flows and tasks: one description of each, carried out by a synchronous or an async driver."""
