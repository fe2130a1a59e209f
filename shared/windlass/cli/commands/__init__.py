"""The commands: one group in each file, listed in `windlass.cli.catalogue`."""
