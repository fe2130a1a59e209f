"""The way from the command line into the rooms that the SDK may not import: a table of names."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final, cast

from windlass.exceptions import BackendMissing

Main = Callable[[Sequence[str] | None], int]

SERVICES: Final = "windlass_services.__main__:main"
DATABASE: Final = "windlass_services.storage.commands:main"
WORKER: Final = "windlass_workers.__main__:main"


def enter(room: str) -> Main:
    """The main function of a room. Raises `BackendMissing` when the installation lacks it."""
    module_name, _, attribute = room.partition(":")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        raise BackendMissing(
            f"This installation of windlass cannot do that: the package {error.name!r} is missing."
            ' Install it, or install everything with `pip install "windlass[server]"`.'
        ) from error
    return cast(Main, getattr(module, attribute))
