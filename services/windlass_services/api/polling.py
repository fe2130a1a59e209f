"""What pollers and claimers are told beside their runs, and the record that somebody polls."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import SecretStr

from windlass.schemas.executions import ClaimedRun
from windlass.schemas.work_queues import WorkQueue
from windlass.schemas.workers import WorkerFlowRunResponse
from windlass_services.api.candidates import (
    candidate_headers,
    next_execution_of,
    with_candidate,
)
from windlass_services.api.changes import changing
from windlass_services.api.context import ApiContext
from windlass_services.api.worker_traffic import Polled
from windlass_services.storage.polls import (
    deployment_polls_to_record,
    polls_to_record,
    record_deployment_polls,
    record_polls,
)
from windlass_services.storage.scope import Scope


async def record_queue_polls(
    context: ApiContext, scope: Scope, queues: Sequence[WorkQueue], now: datetime
) -> None:
    """Write down that these queues were polled, where that says anything new."""
    ids = polls_to_record(queues, now)
    if ids:
        async with changing(context, scope) as change:
            change.statuses = await record_polls(change.connection, ids, now=now)


async def record_runner_polls(
    context: ApiContext, scope: Scope, deployment_ids: Collection[UUID], now: datetime
) -> None:
    """Note that a runner asked for runs of these deployments, where that says anything new."""
    async with context.database.read() as connection:
        ids = await deployment_polls_to_record(connection, scope, deployment_ids, now=now)
    if ids:
        async with changing(context, scope) as change:
            change.statuses = await record_deployment_polls(change.connection, ids, now=now)


async def naming_candidates(
    context: ApiContext, scope: Scope, polled: Polled
) -> list[WorkerFlowRunResponse]:
    """What a poll found, each run with the execution that it would have, and the token of that."""
    if not context.settings.server.fence_polling_workers:
        return list(polled.runs)
    named: list[WorkerFlowRunResponse] = []
    for one in polled.runs:
        execution_id, deployment_id = next_execution_of(one.flow_run), one.flow_run.deployment_id
        of_deployment = polled.job_variables.get(deployment_id, {}) if deployment_id else {}
        headers = candidate_headers(execution_id, await _token(context, scope, execution_id))
        named.append(with_candidate(one, polled.pool, of_deployment, headers))
    return named


async def with_tokens(
    context: ApiContext, scope: Scope, claimed: Sequence[ClaimedRun]
) -> list[ClaimedRun]:
    """What a claim took, each run with the token of its execution where one is asked for."""
    told: list[ClaimedRun] = []
    for one in claimed:
        token = await _token(context, scope, one.execution_id)
        told.append(one.model_copy(update={"token": token and SecretStr(token)}))
    return told


async def _token(context: ApiContext, scope: Scope, execution_id: str) -> str | None:
    callers = context.callers
    if not callers.credentials.are_required:
        return None
    return await callers.run_tokens.issue(scope, execution_id)
