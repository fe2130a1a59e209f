"""What a worker type is: it starts infrastructure for a run, waits for it and stops it.

To start and to wait are two things, and the handle between them outlives the process.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Protocol, TypeVar, runtime_checkable

from anyio.abc import TaskStatus
from pydantic import BaseModel, Field

from windlass.exceptions import WindlassError
from windlass.schemas.executions import ClaimedRun, Handle


class JobVariables(BaseModel):
    """What may be said about a job of any type. Each type's variables extend it."""

    name: str | None = Field(
        default=None,
        title="Name",
        description="Name given to the infrastructure; by default that of the flow run.",
    )
    env: dict[str, str | None] = Field(
        default_factory=dict,
        title="Environment Variables",
        description="Environment variables to set when starting a flow run.",
    )
    labels: dict[str, str] = Field(
        default_factory=dict,
        title="Labels",
        description="Labels applied to the infrastructure of a flow run.",
    )
    command: str | None = Field(
        default=None,
        title="Command",
        description="The command that starts a flow run; by default one is made.",
    )


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run to start.

    `environment` is complete, but for what the machine itself adds. A type that has no way to
    keep secrets from onlookers must not put `claimed` into anything that they can read.
    """

    claimed: ClaimedRun
    name: str
    environment: Mapping[str, str]
    labels: Mapping[str, str]
    command: str | None = None


@dataclass(frozen=True, slots=True)
class Exit:
    """How infrastructure ended. `code` is None where nobody can know any more.

    A process that a signal ended has 128 and the number of the signal. `reason` is a sentence,
    and is given for every code but 0. `vanished`: it was gone before anybody looked.
    """

    code: int | None
    reason: str | None = None
    vanished: bool = False


class StartFailed(WindlassError):
    """The infrastructure could not be started. With `retry_in`, another try may succeed."""

    def __init__(self, message: str, *, retry_in: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_in = retry_in


class Vanished(WindlassError):
    """The infrastructure is gone, and nothing is known about its end."""


class Unreachable(WindlassError):
    """The infrastructure may be there, but this worker cannot see it: another one may."""


VariablesT = TypeVar("VariablesT", bound=JobVariables)


class Worker(Protocol[VariablesT]):
    """A worker type. One object serves all runs of one agent."""

    kind: ClassVar[str]
    handle_version: ClassVar[int]

    @property
    def place(self) -> str | None:
        """From where alone what it starts can be reached, as its handles say; None: anywhere."""
        ...

    @classmethod
    def variables(cls) -> type[VariablesT]:
        """The variables of its jobs: its base job template is made from them."""
        ...

    async def start(self, spec: RunSpec, variables: VariablesT) -> Handle:
        """Start a run and return at once. Raises `StartFailed`."""
        ...

    async def wait(self, handle: Handle) -> Exit:
        """Return when the run is over; also for a handle that another process made.

        Cleans up what the run leaves behind. Raises `Vanished`.
        """
        ...

    async def stop(self, handle: Handle, grace: timedelta) -> None:
        """Ask the run to end, end it after `grace`, and return when nothing of it is left.

        A run that is over is left alone: stopping may be repeated. So is everything that only
        looks like the run of a handle that another process made. Raises `Unreachable`.
        """
        ...


@runtime_checkable
class WorksInBackground(Protocol):
    """A type that has something to do for as long as its agent runs."""

    async def work(self, *, task_status: TaskStatus[None]) -> None:
        """Runs until cancelled."""
        ...
