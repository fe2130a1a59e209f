"""Lines of one route on disk, in order: written at the end, taken from the beginning."""

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from pydantic_core import from_json

from windlass.reporting.complaints import complain
from windlass.schemas.base import JsonObject

_HEADER: Final = '{{"sent":{:15d}}}\n'
_HEADER_BYTES: Final = len(_HEADER.format(0))
_CHUNK: Final = 1_000_000


class Head(NamedTuple):
    """The first lines that are not settled, and where in the file each of them ends."""

    lines: list[JsonObject]
    ends: list[int]


class SpoolFile:
    """JSON lines, after a first one that says up to which byte they are settled.

    One thread may append while another reads and settles. What was being written when the process
    was killed is a last line without an end, and counts as not written.
    """

    def __init__(self, path: Path) -> None:
        """Open it, or make it, for this user alone. Raises OSError."""
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._lock = threading.Lock()
        self._waiting: list[tuple[int, threading.Event]] = []
        self._end = max(os.fstat(self._descriptor).st_size, _HEADER_BYTES)
        self._sent = min(self._read_sent(), self._end)
        self._write_sent()

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self._end

    @property
    def is_empty(self) -> bool:
        """Whether every line is settled."""
        return self._sent == self._end

    def append(self, lines: Sequence[bytes], settled: threading.Event | None = None) -> None:
        """Add lines, of JSON without line breaks; `settled` is set when they, too, are settled.

        Raises OSError, and then has added none.
        """
        content = b"".join(line + b"\n" for line in lines)
        with self._lock:
            try:
                _write(self._descriptor, content, self._end)
            except OSError:
                os.ftruncate(self._descriptor, self._end)
                raise
            self._end += len(content)
            if settled is None:
                return
            if self.is_empty:
                settled.set()
            else:
                self._waiting.append((self._end, settled))

    def head(self, most_lines: int, most_bytes: int = _CHUNK) -> Head:
        """The first lines that are not settled; none at the end. A line that is no JSON is lost."""
        found = Head([], [])
        position = self._sent
        for raw in self._raw_lines(most_bytes)[:most_lines]:
            position += len(raw)
            try:
                line = from_json(raw)
            except ValueError:
                complain(f"a line of {self._path} cannot be read, and is lost")
                if not found.lines:
                    self.settle(position)
                continue
            found.lines.append(line)
            found.ends.append(position)
        return found

    def settle(self, end: int) -> None:
        """Everything before this byte of the file arrived, or was refused for good."""
        with self._lock:
            self._sent = end
            if self.is_empty:
                os.ftruncate(self._descriptor, _HEADER_BYTES)
                self._sent = self._end = _HEADER_BYTES
            self._write_sent()
            now = [event for at, event in self._waiting if at <= end]
            self._waiting = [(at, event) for at, event in self._waiting if at > end]
        for event in now:
            event.set()

    def close(self) -> None:
        """Close it; what is in it stays."""
        os.close(self._descriptor)

    def _raw_lines(self, most_bytes: int) -> list[bytes]:
        """Whole lines: as many as fit into so many bytes, but at least one if there is one."""
        left = self._end - self._sent
        size = min(most_bytes, left)
        while size:
            lines = os.pread(self._descriptor, size, self._sent).splitlines(keepends=True)
            if lines and not lines[-1].endswith(b"\n"):
                lines.pop()
            if lines or size == left:
                return lines
            size = min(size * 2, left)
        return []

    def _read_sent(self) -> int:
        try:
            return int(from_json(os.pread(self._descriptor, _HEADER_BYTES, 0))["sent"])
        except (ValueError, KeyError, TypeError):
            return _HEADER_BYTES

    def _write_sent(self) -> None:
        _write(self._descriptor, _HEADER.format(self._sent).encode(), 0)


def _write(descriptor: int, content: bytes, at: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(descriptor, view, at)
        view, at = view[written:], at + written
