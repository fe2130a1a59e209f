"""What pollers and claimers are told beside their runs."""

from collections.abc import Sequence

from pydantic import SecretStr

from windlass.schemas.executions import ClaimedRun
from windlass.schemas.workers import WorkerFlowRunResponse
from windlass_services.api.candidates import (
    candidate_headers,
    next_execution_of,
    with_candidate,
)
from windlass_services.api.context import ApiContext
from windlass_services.api.worker_traffic import Polled
from windlass_services.storage.scope import Scope


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
