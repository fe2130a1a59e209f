"""What the SDK needs and users may use, tied to no run: each module imports nothing above it."""
