"""The same flow in a module whose first execution never gets beyond the import of it."""

import time

from lost import HERE, execution, lost

if execution().endswith(".1"):
    (HERE / "loading").touch()
    while True:
        time.sleep(1)

__all__ = ["lost"]
