"""The worker type `scripted`: runs that do what their variables say, for tests and demonstrations.

No flow is run. What there is of a run is a file, so that any process can find and stop it.
"""

import json
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Final

import anyio
from pydantic import Field

from windlass.schemas.executions import Handle
from windlass_workers.contract import Exit, JobVariables, RunSpec, StartFailed, Vanished

_TERMINATED: Final = 143
_KILLED: Final = 137
_LOOK_EVERY: Final = 0.005


class ScriptedVariables(JobVariables):
    """What happens to a run."""

    run_for: float = Field(default=0, ge=0, description="Seconds from its start to its end.")
    exit_code: int = Field(default=0, description="The code that it ends with.")
    start_error: str | None = Field(default=None, description="Why it cannot be started.")
    start_retry_in: float | None = Field(
        default=None, description="Seconds after which it can be started; by default never."
    )
    vanish: bool = Field(default=False, description="Whether it is gone before it can end.")
    ignore_stop: bool = Field(default=False, description="Whether only force ends it early.")


class ScriptedWorker:
    """Starts nothing, and lets it end."""

    kind: ClassVar[str] = "scripted"
    handle_version: ClassVar[int] = 1

    def __init__(self) -> None:
        self.place: str | None = None
        self._refused: set[str] = set()

    @classmethod
    def variables(cls) -> type[ScriptedVariables]:
        return ScriptedVariables

    async def start(self, spec: RunSpec, variables: ScriptedVariables) -> Handle:
        self._refuse_to_start(spec.claimed.execution_id, variables)
        run = Path(tempfile.mkdtemp(prefix="windlass-scripted-")) / "run.json"
        seen = {"environment": dict(spec.environment), "labels": dict(spec.labels)}
        run.write_text(json.dumps(seen))
        if variables.vanish:
            _remove(run)
        data = {
            "infrastructure_pid": str(run),
            "ends_at": time.time() + variables.run_for,
            "exit_code": variables.exit_code,
            "ignore_stop": variables.ignore_stop,
        }
        return Handle(kind=self.kind, version=self.handle_version, data=data, place=self.place)

    async def wait(self, handle: Handle) -> Exit:
        run = Path(handle.data["infrastructure_pid"])
        if not _is_there(run):
            raise Vanished(f"The file {run} of the scripted run is gone.")
        while True:
            code = _code(run, handle)
            if code is not None:
                _remove(run)
                return Exit(code, f"The scripted run ended with code {code}." if code else None)
            await anyio.sleep(_LOOK_EVERY)

    async def stop(self, handle: Handle, grace: timedelta) -> None:
        run = Path(handle.data["infrastructure_pid"])
        if handle.data["ignore_stop"]:
            with anyio.move_on_after(grace.total_seconds()):
                await _until_gone(run)
        _end(run, _KILLED if handle.data["ignore_stop"] else _TERMINATED)

    def _refuse_to_start(self, execution_id: str, variables: ScriptedVariables) -> None:
        error, wait = variables.start_error, variables.start_retry_in
        if error is not None and wait is None:
            raise StartFailed(error)
        if error is not None and wait is not None and execution_id not in self._refused:
            self._refused.add(execution_id)
            raise StartFailed(error, retry_in=timedelta(seconds=wait))


async def _until_gone(run: Path) -> None:
    while True:
        if not _is_there(run):
            return
        await anyio.sleep(_LOOK_EVERY)


def _is_there(run: Path) -> bool:
    return run.exists()


def _code(run: Path, handle: Handle) -> int | None:
    """What the run ended with; None as long as it goes on."""
    stopped = run.with_suffix(".stopped")
    if stopped.exists():
        return int(stopped.read_text())
    return None if time.time() < handle.data["ends_at"] else int(handle.data["exit_code"])


def _end(run: Path, code: int) -> None:
    if run.exists():
        run.with_suffix(".stopped").write_text(str(code))


def _remove(run: Path) -> None:
    run.unlink(missing_ok=True)
    run.with_suffix(".stopped").unlink(missing_ok=True)
    run.parent.rmdir()
