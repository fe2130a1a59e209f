"""A lock that a process holds on a file, and that ends with the process however that ends."""

import fcntl
import os
from pathlib import Path

from windlass.exceptions import ReplicaRefused, SettingInvalid
from windlass_services.storage.addresses import SETTING


class FileLock:
    """Exclusive ownership of an SQLite file, by a lock file beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".lock")
        self._owned = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Make the folder if it is missing, and take the lock.

        Raises `ReplicaRefused`, naming the process that holds it, and `SettingInvalid` where no
        file can be made.
        """
        while self._descriptor is None:
            descriptor = self._open()
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = os.read(descriptor, 20).decode() or "unknown"
                os.close(descriptor)
                raise ReplicaRefused(
                    f"The process {owner} has the SQLite database {self._owned} open, and only one"
                    " may. Stop that one, or give this one a database of its own or PostgreSQL"
                    f" with {SETTING}."
                ) from None
            if self._is_current(descriptor):
                os.truncate(descriptor, 0)
                os.write(descriptor, str(os.getpid()).encode())
                self._descriptor = descriptor
            else:
                os.close(descriptor)

    def release(self) -> None:
        """Give the file up; does nothing when it is not held."""
        if self._descriptor is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise SettingInvalid(
                f"The SQLite database {self._owned}, which {SETTING} names, cannot be opened:"
                f" {error.strerror}."
            ) from error

    def _is_current(self, descriptor: int) -> bool:
        """False when the owner before removed the lock file between our opening and locking it."""
        try:
            there = os.stat(self._path)
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(descriptor))
