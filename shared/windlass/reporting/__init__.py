"""What a process tells the server about its runs: task runs and logs, in batches, from a thread."""
