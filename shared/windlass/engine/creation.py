"""Making the flow run of a call, or bringing one that exists up to date with its flow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic_core import PydanticSerializationError, to_jsonable_python

from windlass.context import FlowRunContext, RunScope, TaskDefaults, TaskSubmitter, current_tags
from windlass.definitions import FlowDefinition
from windlass.engine.effects import Claim, Closes, Description, Drain, Enter
from windlass.engine.inputs import task_inputs
from windlass.engine.interrupts import Stop
from windlass.engine.names import run_name, task_run_name
from windlass.engine.questions import CreateFlowRun, FindFlow, UpdateFlowRun
from windlass.engine.session import FlowDefaults, Session
from windlass.logging.loggers import get_logger
from windlass.reporting.records import Identity, TaskRunRecord
from windlass.schemas.base import JsonObject
from windlass.schemas.flow_runs import FlowRun, FlowRunCreate, FlowRunPolicy, FlowRunUpdate
from windlass.schemas.states import State, StateType
from windlass.states import to_state_create
from windlass.utilities.binding import Parameters


class ManagedTaskRunner(TaskSubmitter, Closes, Protocol):
    """A task runner that belongs to one flow run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowCall:
    """What is to be run: a flow that was called in `scope`, or `flow_run`, which exists already."""

    flow: FlowDefinition
    parameters: Parameters
    open_task_runner: Callable[[FlowDefinition, TaskDefaults], ManagedTaskRunner]
    wait_for: Sequence[Any] = ()
    scope: RunScope = field(default_factory=RunScope)
    stop: Stop = field(default_factory=Stop)
    flow_run: FlowRun | None = None
    claim: Claim | None = None

    @property
    def execution_id(self) -> str | None:
        """The execution that owns the run; None if nobody claimed it."""
        return None if self.claim is None else self.claim.execution_id


def create_flow_run(
    call: FlowCall, parameters: Parameters, state: State, session: Session
) -> Description[FlowRun]:
    """Create the run of a call, as a child of the run that calls it."""
    parent = call.scope.flow
    tracking = None if parent is None else (yield from _tracking_run(call, parent, session))
    flow_id = yield from FindFlow(call.flow.name)
    return (
        yield from CreateFlowRun(
            FlowRunCreate(
                flow_id=flow_id,
                state=to_state_create(state),
                name=_given_name(call.flow, parameters),
                flow_version=call.flow.version,
                parameters=serialized(parameters),
                empirical_policy=policy_of(call.flow, session.flow_defaults),
                parent_task_run_id=tracking and tracking.id,
                tags=sorted(current_tags()),
                # A repeated request finds the run that the first one made.
                idempotency_key=str(session.new_id()),
            )
        )
    )


def update_flow_run(
    call: FlowCall, run: FlowRun, parameters: Parameters, session: Session
) -> Description[FlowRun]:
    """Give a run that was created elsewhere the name and the retries that its flow says."""
    update: JsonObject = {}
    if (name := _given_name(call.flow, parameters)) is not None and name != run.name:
        update["name"] = name
    policy = policy_of(call.flow, session.flow_defaults)
    if policy.retries and not run.empirical_policy.retries:
        update["empirical_policy"] = policy
    if call.flow.version is not None and call.flow.version != run.flow_version:
        update["flow_version"] = call.flow.version
    if not update:
        return run
    yield from UpdateFlowRun(run.id, FlowRunUpdate(**update))
    return run.model_copy(update=update)


def policy_of(flow: FlowDefinition, defaults: FlowDefaults) -> FlowRunPolicy:
    """How often runs of `flow` are tried again."""
    retries = defaults.retries if flow.retries is None else flow.retries
    delay = flow.retry_delay_seconds
    if delay is None:
        delay = defaults.retry_delay_seconds
    return FlowRunPolicy(retries=retries, retry_delay=delay)


def serialized(parameters: Parameters) -> JsonObject:
    """Parameters as JSON. One that cannot be is left out: the record lacks it, the run does not."""
    values: JsonObject = {}
    for name, value in parameters.items():
        try:
            values[name] = to_jsonable_python(value)
        except (PydanticSerializationError, ValueError, TypeError) as error:
            get_logger("engine").debug("Parameter %r is not recorded: %s", name, error)
    return values


def _given_name(flow: FlowDefinition, parameters: Parameters) -> str | None:
    return flow.flow_run_name and run_name(flow.flow_run_name, parameters)


def _tracking_run(
    call: FlowCall, parent: FlowRunContext, session: Session
) -> Description[TaskRunRecord]:
    """The task run that stands for a child in its parent; the server moves it with the child."""
    id = session.new_id()
    record = TaskRunRecord(
        id,
        task_run_name(call.flow.name, id),
        Identity(
            task_key=f"{call.flow.name}-flow",
            dynamic_key=str(id),
            flow_run_id=parent.flow_run.id,
            task_version=call.flow.version,
            task_inputs=task_inputs(call.parameters, call.wait_for),
        ),
    )
    yield from Enter(record, StateType.PENDING, "Pending")
    # The child says that this run is its parent's: the server has to know it by then.
    yield from Drain()
    return record
