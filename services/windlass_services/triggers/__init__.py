"""What follows from events: relay, recording of task runs; evaluation and actions come here too."""
