"""The control plane: storage and streams at the bottom, processes at the top."""
