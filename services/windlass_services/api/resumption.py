"""Resuming a flow run that is paused: what it was asked for has to come with it."""

from uuid import UUID

from pydantic_core import from_json, to_json

from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.base import JsonObject, JsonValue
from windlass.schemas.flow_run_inputs import FlowRunInputCreate
from windlass.schemas.orchestration import (
    OrchestrationResult,
    SetStateStatus,
    StateAbortDetails,
)
from windlass.schemas.state_constructors import Resuming, Running
from windlass.schemas.states import State
from windlass_services.api.context import ApiContext
from windlass_services.orchestration.hydration import hydrate, variables_named_in
from windlass_services.storage.flow_run_inputs import put_flow_run_input, read_flow_run_input
from windlass_services.storage.flow_runs import read_flow_run
from windlass_services.storage.hot.facts import FlowRunTransition
from windlass_services.storage.scope import Scope
from windlass_services.storage.variable_values import read_variable_values


async def resume(
    context: ApiContext, scope: Scope, flow_run_id: UUID, run_input: JsonObject | None
) -> OrchestrationResult:
    """Let a paused run go on in its process, or be scheduled again if it has none.

    ABORT if it is not paused, REJECT if the input does not fit what the pause asks for. Raises
    `ObjectNotFound`.
    """
    async with context.database.read() as connection:
        run = await read_flow_run(connection, scope, flow_run_id, now=context.clock())
    paused = run.state
    if paused is None or not paused.is_paused():
        return OrchestrationResult(
            state=None,
            status=SetStateStatus.ABORT,
            details=StateAbortDetails(reason="Cannot resume a flow run that is not paused."),
        )
    keyset = paused.state_details.run_input_keyset
    if keyset:
        try:
            values = await _fitting(context, scope, flow_run_id, keyset, run_input or {})
        except _DoesNotFit as reason:
            return _refusal(paused, str(reason))
        # Before the state: whoever sees that the run goes on finds the input there.
        response = FlowRunInputCreate(key=keyset["response"], value=to_json(values).decode())
        async with context.database.write() as connection:
            await put_flow_run_input(connection, scope, flow_run_id, response, now=context.clock())
    return await context.orchestrator.propose(
        scope,
        FlowRunTransition(
            flow_run_id=flow_run_id,
            proposed=_following(paused, context),
            expected_state_id=paused.id,
        ),
    )


class _DoesNotFit(Exception):
    """Why the input is refused."""


def _following(paused: State, context: ApiContext) -> State:
    now = context.clock()
    if paused.state_details.pause_reschedule:
        return Resuming(id=uuid7(), now=now, scheduled_time=now)
    return Running(id=uuid7(), now=now)


async def _fitting(
    context: ApiContext,
    scope: Scope,
    flow_run_id: UUID,
    keyset: dict[str, str],
    run_input: JsonObject,
) -> JsonValue:
    async with context.database.read() as connection:
        variables = await read_variable_values(connection, scope, variables_named_in(run_input))
        try:
            kept = await read_flow_run_input(connection, scope, flow_run_id, keyset["schema"])
        except ObjectNotFound:
            raise _DoesNotFit("Run input schema not found.") from None
    try:
        schema = from_json(kept.value)
    except ValueError:
        raise _DoesNotFit("Run input schema is not valid JSON.") from None
    hydrated = hydrate(run_input, variables)
    if reasons := hydrated.violations_of(schema):
        raise _DoesNotFit(f"The input does not fit: {' '.join(reasons)}")
    return hydrated.settled()


def _refusal(paused: State, reason: str) -> OrchestrationResult:
    return OrchestrationResult(
        state=paused, status=SetStateStatus.REJECT, details=StateAbortDetails(reason=reason)
    )
