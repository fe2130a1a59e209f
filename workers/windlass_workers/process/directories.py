"""The directory of its own that each run has, and what is handed over in it."""

import os
import shutil
import tempfile
from pathlib import Path

from windlass.schemas.executions import ClaimedRun


def make_directory() -> Path:
    """A new directory that nobody else may look into, with an empty `work` in it."""
    directory = Path(tempfile.mkdtemp(prefix="windlass-run-"))
    (directory / "work").mkdir()
    return directory


def write_claim(directory: Path, claimed: ClaimedRun) -> Path:
    """The claim as a file that only this user can read: it holds the token of the run."""
    path = directory / "claim.json"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(claim_as_json(claimed))
    return path


def claim_as_json(claimed: ClaimedRun) -> bytes:
    """The claim with its token in clear, to hand over to the run itself."""
    return claimed.model_dump_json().encode()


def remove_directory(directory: str) -> None:
    """Remove it with whatever the run left in it, as far as that can be done."""
    shutil.rmtree(directory, ignore_errors=True)
