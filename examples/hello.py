"""A flow with two tasks: `python examples/hello.py` runs it here and now."""

from windlass import flow, get_run_logger, task


@task
def compose(name: str) -> str:
    """Make a greeting."""
    return f"Hello, {name}!"


@task(retries=2)
def deliver(greeting: str) -> int:
    """Say it, and count its letters."""
    get_run_logger().info(greeting)
    return len(greeting)


@flow
def hello(name: str = "world") -> int:
    """Greet somebody, and return how long the greeting was."""
    return deliver(compose(name))


if __name__ == "__main__":
    hello()
