"""What the server refused for good: kept on disk, so that it blocks nothing and is not lost."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic_core import to_json

from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass.reporting.complaints import complain
from windlass.reporting.folders import make_private
from windlass.schemas.base import JsonObject, JsonValue

MOST_LETTERS: Final = 1_000
MOST_BYTES: Final = 64 * 1024**2


class DeadLetters:
    """A folder with a file for each refusal: JSON with `at`, `path`, `reason` and `lines`.

    Of more than `most` files or `most_bytes`, the oldest go. Without a folder, what is refused is
    lost. The first refusal is told on standard error; `count` says how many lines it were.
    """

    def __init__(
        self, folder: Path | None, *, most: int = MOST_LETTERS, most_bytes: int = MOST_BYTES
    ) -> None:
        self.count = 0
        self._folder = folder
        self._most = most
        self._most_bytes = most_bytes

    def bury(self, path: str, lines: Sequence[JsonValue], error: Exception) -> None:
        """Keep `lines`, which the server refused at `path` with `error`. Raises nothing."""
        reason = f"{type(error).__name__}: {error}"
        where = self._keep({"path": path, "reason": reason, "lines": list(lines)})
        if not self.count:
            kept = "lost" if where is None else f"refused, and kept in {where}"
            complain(f"{len(lines)} lines for {path} are {kept}: {reason}")
        self.count += len(lines)

    def _keep(self, letter: JsonObject) -> Path | None:
        if self._folder is None:
            return None
        content = to_json({"at": utc_now(), **letter}, fallback=repr, indent=2)
        try:
            make_private(self._folder)
            path = self._folder / f"{uuid7()}.json"
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
            self._remove_oldest()
        except OSError:
            return None
        return self._folder

    def _remove_oldest(self) -> None:
        assert self._folder is not None
        found = sorted(self._folder.glob("*.json"), reverse=True)
        size = 0
        for number, path in enumerate(found, start=1):
            try:
                size += path.stat().st_size
                if number > self._most or (size > self._most_bytes and number > 1):
                    path.unlink()
            except FileNotFoundError:
                continue  # another process removed it just now
