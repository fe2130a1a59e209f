"""Public: slots of tags, held for a task run that the caller names."""
