"""What a process could not tell yet, on disk, so that it outlives the process.

A folder for each process, which holds a lock on it: a folder without one belongs to a process that
is no more. It is made when there is something to keep, and removed when nothing is left in it.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from pydantic_core import from_json, to_json

from windlass.ids import uuid7
from windlass.reporting.complaints import complain
from windlass.reporting.folders import make_private
from windlass.reporting.routes import LOGS_ROUTE, ROUTES, Route
from windlass.reporting.spool_file import SpoolFile
from windlass.schemas.base import JsonObject

CAN_SPOOL: Final = sys.platform != "win32"
"""Whether this system has the locks that the spool stands on."""
_ABOUT: Final = "about.json"
_LOCK: Final = "lock"
_FRESH: Final = ".fresh"


class Spool:
    """The lines of one process, a file for each route.

    `about` says whose they are: `api_url` is where they go, `execution_id` the execution that
    process `process_id` was started for. Of `most_bytes` on disk, logs may have half.
    """

    def __init__(self, parent: Path, about: JsonObject, most_bytes: int = 2**63) -> None:
        self.folder = parent / str(uuid7())
        self.about = about
        self._most_bytes = most_bytes
        self._files: dict[str, SpoolFile] = {}
        self._lock: int | None = None
        self._making = threading.Lock()

    @classmethod
    def of_the_dead(cls, folder: Path) -> Self | None:
        """The spool in `folder`, now ours; None while its process lives, or another one has it."""
        lock = _try_lock(folder)
        if lock is None:
            return None
        spool = cls(folder.parent, {})
        spool.folder, spool._lock = folder, lock
        try:
            spool.about = from_json((folder / _ABOUT).read_bytes())
            for route in ROUTES:
                if (path := spool._path(route)).exists():
                    spool._files[route.name] = SpoolFile(path)
        except FileNotFoundError:
            # Somebody removed it while we took the lock, and it may be there again for that.
            spool.remove()
            return None
        except (OSError, ValueError) as error:
            complain(f"the spool {folder} cannot be read: {error}")
            spool.forget()
            return None
        return spool

    def file(self, route: Route) -> SpoolFile | None:
        """The lines of a route; None while nothing of it was kept."""
        return self._files.get(route.name)

    def holds(self, route: Route) -> bool:
        """Whether there are lines of this route that are not settled."""
        file = self._files.get(route.name)
        return file is not None and not file.is_empty

    def has_room(self, route: Route) -> bool:
        """Whether more of this route may be kept."""
        sizes = {name: file.size for name, file in list(self._files.items())}
        if route is LOGS_ROUTE and 2 * sizes.get(route.name, 0) >= self._most_bytes:
            return False
        return sum(sizes.values()) < self._most_bytes

    def keep(
        self, route: Route, lines: Sequence[bytes], settled: threading.Event | None = None
    ) -> None:
        """Write lines behind those that are there. Raises OSError, and then has written none."""
        file = self._files.get(route.name)
        if file is None:
            with self._making:
                self._make()
                file = self._files[route.name] = SpoolFile(self._path(route))
        file.append(lines, settled)

    def close(self) -> bool:
        """Let go of it: what is left in it can be adopted. False when nothing is."""
        if self._lock is None:
            return False
        is_left = any(self.holds(route) for route in ROUTES)
        if not is_left:
            _remove(self.folder)
        self.forget()
        return is_left

    def remove(self) -> None:
        """All of it is told, or cannot be read."""
        _remove(self.folder)
        self.forget()

    def forget(self) -> None:
        """Close what is open, as in a process that was forked: the lock stays with the parent."""
        for file in self._files.values():
            file.close()
        self._files = {}
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _make(self) -> None:
        if self._lock is not None:
            return
        fresh = self.folder.with_suffix(_FRESH)
        make_private(fresh)
        lock = _try_lock(fresh)
        if lock is None:
            raise OSError(f"no lock can be had in {fresh}")
        try:
            with open(os.open(fresh / _ABOUT, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(to_json(self.about))
            # Under its name only when it is locked: nobody may take it for left behind meanwhile.
            fresh.rename(self.folder)
        except OSError:
            os.close(lock)
            raise
        self._lock = lock

    def _path(self, route: Route) -> Path:
        return self.folder / f"{route.name}.jsonl"


def left_behind(
    parent: Path, api_url: str, is_wanted: Callable[[str | None], bool]
) -> Iterator[Spool]:
    """The spools of dead processes that go to this API, each of them ours from then on.

    Those only whose execution `is_wanted`. Whoever takes one forgets or removes it.
    """
    try:
        folders = sorted(parent.iterdir())
    except OSError:
        return
    for folder in folders:
        if folder.suffix == _FRESH or (spool := Spool.of_the_dead(folder)) is None:
            continue
        about = spool.about
        if about.get("api_url") == api_url and is_wanted(about.get("execution_id")):
            yield spool
        else:
            spool.close()


def _remove(folder: Path) -> None:
    """As far as that can be done: what is left is empty, and somebody else's to remove."""
    with suppress(OSError):
        for path in folder.iterdir():
            path.unlink(missing_ok=True)
        folder.rmdir()


def _try_lock(folder: Path) -> int | None:
    """The descriptor that holds the lock of a folder; None when another process has it."""
    import fcntl  # noqa: PLC0415 (not on every system, and seldom needed)

    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return None  # its owner removed it just now
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
