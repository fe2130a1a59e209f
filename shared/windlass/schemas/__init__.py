"""The shapes that cross a process: each exists once, here, and imports nothing of ours above it."""
