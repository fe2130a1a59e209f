"""Importing much at once, without the garbage collector."""

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def quick_imports() -> Generator[None]:
    """Keep the collector from running in the block, and from what was made in it afterwards.

    It would look at all that modules are made of, again and again, and find nothing to collect:
    20 ms of the 210 until a flow begins.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
