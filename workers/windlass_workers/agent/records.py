"""What a worker keeps on disk of the runs that it started, so that another one can take them over.

A file for each run, in a folder for each worker process. A process holds a lock on its folder: a
folder without one belongs to a worker that is no more.
"""

import fcntl
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from windlass.schemas.executions import ClaimedRun, Handle

_log: Final = logging.getLogger(__name__)
_LOCK: Final = "lock"
_FRESH: Final = ".fresh"


class Record(BaseModel):
    """One run that was started."""

    claimed: ClaimedRun
    handle: Handle


class Records:
    """The records of this worker process. Closing it removes the folder if it is empty."""

    def __init__(self, folder: Path, process_id: UUID) -> None:
        self._parent = folder
        self._own = folder / str(process_id)
        fresh = self._own.with_suffix(_FRESH)
        fresh.mkdir(mode=0o700, parents=True)
        self._lock = _try_lock(fresh)
        # Under its name only when it is locked: nobody may take it for an orphan meanwhile.
        fresh.rename(self._own)

    def keep(self, record: Record) -> None:
        """Durable against the end of this process, not of the machine, which ends the run too."""
        path = self._path(record.claimed.execution_id)
        new = path.with_suffix(".new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(record.model_dump_json())
        new.replace(path)

    def forget(self, execution_id: str) -> None:
        """The run is over and its end reported."""
        self._path(execution_id).unlink(missing_ok=True)

    def adopt(self, kind: str) -> list[Record]:
        """Take over the runs of this kind that dead workers left behind; they are ours now."""
        return [record for folder in self._orphans() for record in self._take_over(folder, kind)]

    def close(self) -> None:
        """Give up the lock. What is still on record can be adopted."""
        if not any(self._own.glob("*.json")):
            shutil.rmtree(self._own, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _orphans(self) -> Iterator[Path]:
        for folder in self._parent.iterdir():
            if folder == self._own or folder.suffix == _FRESH or not folder.is_dir():
                continue
            lock = _try_lock(folder)
            if lock is not None:
                yield folder
                os.close(lock)

    def _take_over(self, folder: Path, kind: str) -> Iterator[Record]:
        for path in folder.glob("*.json"):
            try:
                record = Record.model_validate_json(path.read_bytes())
            except ValueError:
                _log.exception("The record %s cannot be read; its run is left to itself", path)
                continue
            if record.handle.kind == kind:
                self.keep(record)
                path.unlink()
                yield record
        if not any(folder.glob("*.json")):
            shutil.rmtree(folder, ignore_errors=True)

    def _path(self, execution_id: str) -> Path:
        return self._own / f"{execution_id}.json"


def _try_lock(folder: Path) -> int | None:
    """The descriptor that holds the lock of a folder; None when another process has it."""
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except FileNotFoundError:
        return None  # its owner removed it just now
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
