"""What a request handler may use, and how it gets it."""

from dataclasses import dataclass
from typing import Annotated

from starlette.requests import Request

from windlass.clock import Clock
from windlass.schemas.executions import EXECUTION_HEADER
from windlass.settings import Settings
from windlass_services.api.claim_places import ClaimPlaces
from windlass_services.api.credentials import Callers, Credentials, speaker_of
from windlass_services.api.declaring import Provided
from windlass_services.api.run_tokens import RunTokens
from windlass_services.api.task_dispatcher import TaskDispatcher
from windlass_services.api.worker_traffic import WorkerTraffic
from windlass_services.orchestration.context import ServiceContext
from windlass_services.orchestration.dispatcher import Dispatcher
from windlass_services.orchestration.orchestrator import Orchestrator
from windlass_services.storage.database import Database
from windlass_services.storage.executions import refuse_superseded
from windlass_services.storage.scope import Scope
from windlass_services.streams.protocol import Streams
from windlass_services.streams.publisher import Publisher


@dataclass(frozen=True, slots=True)
class ApiContext:
    """Everything that the routes of one API process share. Made in `processes`, never a global."""

    services: ServiceContext
    dispatcher: Dispatcher
    task_dispatcher: TaskDispatcher
    callers: Callers
    worker_traffic: WorkerTraffic
    claim_places: ClaimPlaces

    @classmethod
    def over(cls, services: ServiceContext) -> "ApiContext":
        """What an API shares, over what its process opened."""
        tokens = RunTokens(services.database, services.clock)
        return cls(
            services,
            Dispatcher(services.orchestrator, services.streams, clock=services.clock),
            TaskDispatcher(services),
            Callers(Credentials.of(services.settings.server.api), tokens),
            WorkerTraffic(services),
            ClaimPlaces(services),
        )

    @property
    def database(self) -> Database:
        """Where every truth is a row."""
        return self.services.database

    @property
    def streams(self) -> Streams:
        """Where what happened is announced, after it was committed."""
        return self.services.streams

    @property
    def publisher(self) -> Publisher:
        """The way of events from their rows to the broker."""
        return self.services.publisher

    @property
    def orchestrator(self) -> Orchestrator:
        """The one writer of state."""
        return self.services.orchestrator

    @property
    def settings(self) -> Settings:
        """The settings that the process was started with."""
        return self.services.settings

    @property
    def clock(self) -> Clock:
        """What time it is."""
        return self.services.clock


async def context_of(request: Request) -> ApiContext:
    """The context that `create_app` was given.

    Asynchronous although it waits for nothing: FastAPI sends a plain function to a thread.
    """
    context: ApiContext = request.app.state.context
    return context


async def scope_of(request: Request) -> Scope:
    """Whose data this request may touch. One workspace for now."""
    del request
    return Scope()


async def execution_of(request: Request) -> str | None:
    """The execution that the sender of this request is, as far as it says so."""
    return speaker_of(request.scope, request.headers.get(EXECUTION_HEADER))


async def authority_of(request: Request) -> str | None:
    """The same, of a request that changes what others see. Raises `Superseded`.

    Who says nothing of an execution costs no look at the database.
    """
    execution_id = await execution_of(request)
    if execution_id is not None:
        context = await context_of(request)
        await refuse_late_word(context, await scope_of(request), execution_id)
    return execution_id


async def refuse_late_word(context: ApiContext, scope: Scope, execution_id: str) -> None:
    """Raises `Superseded` when another execution has the run of this one."""
    async with context.database.read() as connection:
        await refuse_superseded(connection, scope, execution_id)


InContext = Annotated[ApiContext, Provided(context_of)]
InScope = Annotated[Scope, Provided(scope_of)]
InExecution = Annotated[str | None, Provided(execution_of)]
WithAuthority = Annotated[str | None, Provided(authority_of)]
