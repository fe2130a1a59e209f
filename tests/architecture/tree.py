"""The files that the gates look at: everything in the checkout but environments and caches."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_DOT_FOLDERS: Final = {".ci", ".github"}
_MADE: Final = {"build", "dist", "node_modules", "__pycache__"}


def project_files(suffix: str = "") -> Iterator[Path]:
    """Files whose name ends with `suffix`, relative to the root, in a stable order."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(
            name
            for name in folders
            if name not in _MADE and (not name.startswith(".") or name in _DOT_FOLDERS)
        )
        yield from (
            (Path(folder) / name).relative_to(ROOT)
            for name in sorted(files)
            if name.endswith(suffix) and not name.startswith(".coverage")
        )
