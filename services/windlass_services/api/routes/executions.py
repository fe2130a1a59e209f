"""Executions: claims of workers, leases of runs, and what workers report."""

from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.executions import (
    ClaimedRun,
    ClaimRequest,
    ClaimResponse,
    ExecutionEnded,
    ExecutionStarted,
    HeartbeatTaken,
    RenewRequest,
    RenewResponse,
)
from windlass.schemas.state_constructors import Cancelled, Crashed, Scheduled
from windlass.schemas.states import State
from windlass.schemas.workers import WorkerHeartbeat
from windlass_services.api.answers import answer
from windlass_services.api.context import ApiContext, InContext, InScope
from windlass_services.api.declaring import Routes
from windlass_services.api.disconnects import until_disconnected
from windlass_services.api.polling import with_tokens
from windlass_services.storage import executions
from windlass_services.storage.executions import ReportedExecution
from windlass_services.storage.hot.facts import FlowRunTransition
from windlass_services.storage.hot.protocol import Claim
from windlass_services.storage.scope import Scope
from windlass_services.storage.work_pools import no_work_pool

router = Routes(tags=["Executions"])


@router.post("/work_pools/{name}/claim", response_model=ClaimResponse)
async def claim(
    context: InContext, scope: InScope, request: Request, name: str, asked: ClaimRequest
) -> Response:
    """Take runs of a pool for a worker, waiting for one if there is none.

    It makes the queues ready, as a poll does; a queue that is named for the first time is made.
    A worker that hangs up waits no longer: a run would be handed to nobody.
    """
    place = await context.claim_places.find(scope, name, asked.work_queue_names)
    if asked.heartbeat_interval_seconds is not None:
        context.worker_traffic.note(scope, name, _heartbeat_of(asked))
    now = context.clock()
    server = context.settings.server
    wanted = Claim(
        work_pool_id=place.work_pool_id,
        work_queue_ids=place.work_queue_ids,
        limit=asked.limit,
        worker_name=asked.worker_name,
        request_id=asked.request_id,
        due_before=now + timedelta(seconds=asked.prefetch_seconds),
        start_deadline=timedelta(seconds=server.start_deadline_seconds),
        lease=timedelta(seconds=server.lease_seconds),
        late_after=server.services.late_runs.after_seconds,
    )
    runs: list[ClaimedRun] = []
    try:
        async with until_disconnected(request):
            wait = timedelta(seconds=asked.wait_seconds)
            runs = await context.dispatcher.claim(scope, wanted, wait)
    except ObjectNotFound:
        context.claim_places.forget(place.work_pool_id)
        raise no_work_pool(name) from None
    next_due = None
    if asked.tell_next_due and not runs:
        next_due = await _next_due_seconds(context, wanted)
    return answer(
        ClaimResponse(
            runs=await with_tokens(context, scope, runs),
            next_due_seconds=next_due,
            heartbeat=await _answer_heartbeat(context, scope, name, asked),
        )
    )


def _heartbeat_of(asked: ClaimRequest) -> WorkerHeartbeat:
    return WorkerHeartbeat(
        name=asked.worker_name, heartbeat_interval_seconds=asked.heartbeat_interval_seconds
    )


async def _answer_heartbeat(
    context: ApiContext, scope: Scope, name: str, asked: ClaimRequest
) -> HeartbeatTaken | None:
    """What a heartbeat is told, as it is now: the claim may have waited."""
    if asked.heartbeat_interval_seconds is None:
        return None
    try:
        place = await context.claim_places.find(scope, name, asked.work_queue_names)
    except ObjectNotFound:  # deleted meanwhile; the worker still has to hear of its runs
        return None
    return HeartbeatTaken(
        teardowns=await context.worker_traffic.due_teardowns(scope, name, asked.place),
        work_pool_updated=place.work_pool_updated,
    )


async def _next_due_seconds(context: ApiContext, claim: Claim) -> float | None:
    """None also where the first run was due already: a limit holds it back, whose end wakes."""
    due = await context.orchestrator.next_due([claim.work_pool_id])
    if due is None or due <= claim.due_before:
        return None
    return (due - claim.due_before).total_seconds()


@router.post("/executions/renew", response_model=RenewResponse)
async def renew_executions(context: InContext, scope: InScope, asked: RenewRequest) -> Response:
    """These executions are alive; the answers say what is wanted of them."""
    return answer(await context.orchestrator.renew(scope, asked))


@router.post("/executions/started", status_code=204)
async def report_started(context: InContext, scope: InScope, started: ExecutionStarted) -> None:
    """A worker started the infrastructure of an execution, and can find it by this handle."""
    async with context.database.write() as connection:
        await executions.record_started(connection, scope, started, now=context.clock())


@router.post("/executions/ended", status_code=204)
async def report_ended(context: InContext, scope: InScope, ended: ExecutionEnded) -> None:
    """The infrastructure of an execution is gone: a run that it left behind has crashed, is
    cancelled where that was asked for, or is dispatched again if nobody saw it begin or end."""
    async with context.database.write() as connection:
        reported = await executions.record_ended(connection, scope, ended)
    if reported and reported.is_live and (ended.crashed or reported.is_cancelling):
        state = _state_after(ended, reported, context.clock())
        await context.orchestrator.propose(
            scope, FlowRunTransition(reported.flow_run_id, state, execution_id=ended.execution_id)
        )


def _state_after(ended: ExecutionEnded, reported: ReportedExecution, now: datetime) -> State:
    reason = _reason(ended)
    if reported.is_cancelling:
        return Cancelled(id=uuid7(), now=now, message=reason)
    if ended.vanished and not reported.was_presented:
        return Scheduled(id=uuid7(), now=now, message=f"{reason} The run is dispatched again.")
    return Crashed(id=uuid7(), now=now, message=reason)


def _reason(ended: ExecutionEnded) -> str:
    if ended.reason:
        return ended.reason
    code = "an unknown exit code" if ended.exit_code is None else f"exit code {ended.exit_code}"
    return f"The infrastructure of the run ended with {code} before the run did."
