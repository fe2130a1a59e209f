"""The worker types that there are. A new one is one line here."""

from importlib import import_module
from typing import Final, cast

from windlass_workers.contract import JobVariables, Worker

WORKER_TYPES: Final = {
    "process": "windlass_workers.process.worker:ProcessWorker",
    "scripted": "windlass_workers.scripted:ScriptedWorker",
}
"""From the kind to the class, which is imported when it is asked for."""


def find_worker_type(kind: str) -> type[Worker[JobVariables]] | None:
    """The class of this kind; None if there is none."""
    place = WORKER_TYPES.get(kind)
    if place is None:
        return None
    module, _, name = place.partition(":")
    return cast(type[Worker[JobVariables]], getattr(import_module(module), name))
