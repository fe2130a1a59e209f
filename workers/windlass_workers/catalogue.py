"""The worker types that there are. A new one is one line here."""

from importlib import import_module
from inspect import cleandoc
from typing import Final, cast

from windlass.schemas.base import JsonObject
from windlass_workers.agent.template import base_job_template
from windlass_workers.contract import JobVariables, Worker

WORKER_TYPES: Final = {
    "process": "windlass_workers.process.worker:ProcessWorker",
    "scripted": "windlass_workers.scripted:ScriptedWorker",
}
"""From the kind to the class, which is imported when it is asked for."""

_UNLISTED: Final = frozenset({"scripted"})
"""For tests and demonstrations: not what a work pool is made for."""


def find_worker_type(kind: str) -> type[Worker[JobVariables]] | None:
    """The class of this kind; None if there is none."""
    place = WORKER_TYPES.get(kind)
    if place is None:
        return None
    module, _, name = place.partition(":")
    return cast(type[Worker[JobVariables]], getattr(import_module(module), name))


def worker_metadata() -> JsonObject:
    """What there is to know of every type, as the API shows it to whoever makes a work pool.

    The server has a copy of it, which `make generate` writes: it cannot import this room.
    """
    kinds = sorted(WORKER_TYPES.keys() - _UNLISTED)
    return {"prefect": {kind: _metadata(kind) for kind in kinds}}


def _metadata(kind: str) -> JsonObject:
    worker = find_worker_type(kind)
    assert worker is not None
    return {
        "type": kind,
        "display_name": kind.replace("-", " ").capitalize(),
        "description": cleandoc(worker.__doc__ or ""),
        "documentation_url": f"https://windlass.readthedocs.io/workers/{kind}",
        "install_command": "pip install windlass",
        "is_beta": False,
        "logo_url": "",
        "default_base_job_configuration": base_job_template(worker.variables()),
    }
