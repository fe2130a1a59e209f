"""How a run is started: which command, in which environment, by fork or by exec. Pure."""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from windlass.reporting.folders import FOLDER_VARIABLE
from windlass_workers.contract import RunSpec

MARKER: Final = "WINDLASS__EXECUTION_ID"
"""In the environment of every process of a run, to find them all again."""

_CLAIM_FILE: Final = "WINDLASS__CLAIM_FILE"
_READ_WHEN_PYTHON_STARTS: Final = ("PYTHON", "LD_", "MALLOC_")


def can_fork(spec: RunSpec, machine: Mapping[str, str]) -> bool:
    """Whether a process forked from this interpreter is what the job asks for."""
    return spec.command is None and not any(
        name.startswith(_READ_WHEN_PYTHON_STARTS) and machine.get(name) != value
        for name, value in spec.environment.items()
    )


def command_of(spec: RunSpec) -> list[str]:
    """The command to execute. Raises ValueError when its quotes do not match."""
    if spec.command is None:
        return [sys.executable, "-m", "windlass.execute"]
    return shlex.split(spec.command)


def environment_of(
    spec: RunSpec, machine: Mapping[str, str], spools: Path | None = None
) -> dict[str, str]:
    """What the job says, over what this machine says; and where we look for its spool."""
    named = {MARKER: spec.claimed.execution_id}
    if spools is not None:
        named[FOLDER_VARIABLE] = str(spools)
    return {**machine, **spec.environment, **named}


def with_claim_file(environment: Mapping[str, str], path: str) -> dict[str, str]:
    """For a process that is executed: where its claim is, and that its output must not wait."""
    return {"PYTHONUNBUFFERED": "1", **environment, _CLAIM_FILE: path}


def marker_of(execution_id: str) -> str:
    """The marker as it stands in an environment."""
    return f"{MARKER}={execution_id}"
