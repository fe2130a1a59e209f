"""A process that has imported what runs need, and forks itself for each run."""
