"""What the server tells about the packages that work with it: data, written at build time."""
