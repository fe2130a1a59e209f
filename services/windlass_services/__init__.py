"""The control plane: storage, streams and orchestration below; api, scheduler and triggers above."""
