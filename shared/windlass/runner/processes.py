"""The process of one run: started, waited for, stopped with what it started."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

import anyio
from anyio.abc import Process

from windlass.schemas.executions import ClaimedRun

_CLAIM_FILE: Final = "WINDLASS__CLAIM_FILE"


@dataclass(frozen=True, slots=True)
class RunProcess:
    """A process that leads a session of its own."""

    process: Process

    async def wait(self) -> int:
        """Its exit status; negative for the signal that ended it."""
        return await self.process.wait()

    async def stop(self, grace: float) -> None:
        """Ask it to end, end it with everything in its session after `grace` seconds."""
        self._signal(signal.SIGTERM)
        with anyio.move_on_after(grace):
            await self.process.wait()
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)


@asynccontextmanager
async def started(
    claimed: ClaimedRun, environment: Mapping[str, str]
) -> AsyncGenerator[RunProcess]:
    """The process that carries out a claim; what was handed over to it is gone with the block."""
    with TemporaryDirectory(prefix="windlass-run-") as folder:
        path = Path(folder) / "claim.json"
        path.touch(mode=0o600)
        path.write_text(claimed.model_dump_json())
        process = await anyio.open_process(
            [sys.executable, "-m", "windlass.execute"],
            stdin=subprocess.DEVNULL,
            stdout=None,
            stderr=None,
            start_new_session=True,
            env={**environment, **_said_by(claimed), _CLAIM_FILE: str(path)},
        )
        yield RunProcess(process)


def _said_by(claimed: ClaimedRun) -> dict[str, str]:
    """The environment that the deployment asks for, and the run on top of it."""
    deployment = claimed.deployment.job_variables if claimed.deployment else {}
    said: dict[str, str] = {}
    for variables in (deployment, claimed.flow_run.job_variables or {}):
        env: Any = variables.get("env") or {}
        said |= {name: str(value) for name, value in cast("dict[str, Any]", env).items()}
    return said
