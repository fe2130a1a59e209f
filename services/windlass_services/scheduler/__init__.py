"""Time: what becomes due, late, expired or old. Every loop may run in any number of replicas."""
