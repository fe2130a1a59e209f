"""Streams on RabbitMQ 3.10 or later: a queue for each group and partition."""
