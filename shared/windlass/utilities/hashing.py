"""Public: hashes that are the same in every process."""

import hashlib
from pathlib import Path


def stable_hash(*parts: str | bytes) -> str:
    """The hexadecimal hash of all `parts` one after the other."""
    digest = hashlib.md5(usedforsecurity=False)
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
    return digest.hexdigest()


def file_hash(path: str | Path) -> str:
    """The hexadecimal hash of the content of a file. Raises OSError if it cannot be read."""
    return stable_hash(Path(path).read_bytes())
