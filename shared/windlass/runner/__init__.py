"""Public: a process that serves deployments: it takes their runs and starts each as a process."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from windlass.runner.runner import Runner

__all__ = ["Runner"]

if not TYPE_CHECKING:  # `flow-run execute` needs none of it

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module("windlass.runner.runner"), name)
