"""Each worker type made to do what the conformance suite needs, by its own means."""

import json
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.support.claimed_runs import claimed_run
from windlass.schemas.executions import Handle
from windlass_workers.contract import JobVariables, RunSpec, Worker
from windlass_workers.process.variables import ProcessVariables
from windlass_workers.process.worker import ProcessWorker
from windlass_workers.scripted import ScriptedVariables, ScriptedWorker


@dataclass(frozen=True, slots=True)
class Job:
    """What a run of a test does."""

    run_for: float = 0
    exit_code: int = 0
    ignores_sigterm: bool = False
    environment: dict[str, str] = field(default_factory=dict[str, str])
    labels: dict[str, str] = field(default_factory=dict[str, str])


class Harness(Protocol):
    """One worker type, or one way of starting runs that it has."""

    def make(self) -> Worker[Any]:
        """A worker as an agent makes it."""
        ...

    def prepare(self, job: Job) -> tuple[RunSpec, JobVariables]:
        """What to give to `start` for this job."""
        ...

    def prepare_failure(self) -> tuple[RunSpec, JobVariables]:
        """What cannot be started."""
        ...

    def is_going(self, handle: Handle) -> bool:
        """Whether the job has begun, so that it handles signals as it should."""
        ...

    def seen(self, handle: Handle) -> dict[str, str]:
        """The environment that the run saw; its labels, where it has any, under `label:`."""
        ...


class Scripted:
    """The type that does what its variables say."""

    def make(self) -> ScriptedWorker:
        return ScriptedWorker()

    def prepare(self, job: Job) -> tuple[RunSpec, ScriptedVariables]:
        variables = ScriptedVariables(
            run_for=job.run_for, exit_code=job.exit_code, ignore_stop=job.ignores_sigterm
        )
        return _spec(job), variables

    def prepare_failure(self) -> tuple[RunSpec, ScriptedVariables]:
        return _spec(Job()), ScriptedVariables(start_error="It is broken.")

    def is_going(self, handle: Handle) -> bool:
        return True

    def seen(self, handle: Handle) -> dict[str, str]:
        run = json.loads(Path(handle.data["infrastructure_pid"]).read_text())
        labels = {f"label:{name}": value for name, value in run["labels"].items()}
        return {**run["environment"], **labels}


_PROGRAM = """
import json, os, signal, sys, time
from pathlib import Path
if {ignores_sigterm}:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
begun = Path({begun!r} + str(os.getpid()))
begun.with_suffix(".new").write_text(json.dumps(dict(os.environ)))
begun.with_suffix(".new").rename(begun)
time.sleep({run_for})
sys.exit({exit_code})
"""


class Executed:
    """Processes that are executed, since the job has a command."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make(self) -> ProcessWorker:
        return ProcessWorker()

    def prepare(self, job: Job) -> tuple[RunSpec, ProcessVariables]:
        command = shlex.join([sys.executable, "-c", self._program(job)])
        return _spec(job, command=command), ProcessVariables()

    def prepare_failure(self) -> tuple[RunSpec, ProcessVariables]:
        return _spec(Job(), command="there-is-no-such-command"), ProcessVariables()

    def is_going(self, handle: Handle) -> bool:
        return self._begun(handle).exists()

    def seen(self, handle: Handle) -> dict[str, str]:
        return json.loads(self._begun(handle).read_text())

    def _program(self, job: Job) -> str:
        return _PROGRAM.format(
            begun=f"{self._folder}/begun-",
            run_for=job.run_for,
            exit_code=job.exit_code,
            ignores_sigterm=job.ignores_sigterm,
        )

    def _begun(self, handle: Handle) -> Path:
        return self._folder / f"begun-{handle.data['pid']}"


class Forked(Executed):
    """Processes that the fork server makes: the program is the file that has the flow."""

    def prepare(self, job: Job) -> tuple[RunSpec, ProcessVariables]:
        file = self._folder / "flows.py"
        file.write_text(self._program(job))
        return _spec(job, entrypoint=f"{file}:a_flow"), ProcessVariables()

    def prepare_failure(self) -> tuple[RunSpec, ProcessVariables]:
        return _spec(Job()), ProcessVariables(working_dir=self._folder / "not-there")


def _spec(job: Job, *, command: str | None = None, entrypoint: str | None = None) -> RunSpec:
    claimed = claimed_run(entrypoint=entrypoint)
    return RunSpec(claimed, "a-run", job.environment, job.labels, command)
