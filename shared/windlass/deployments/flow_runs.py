"""Public: runs of deployments."""

from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import datetime
from time import monotonic
from typing import Final, TypedDict, Unpack, cast
from uuid import UUID

import anyio

from windlass.client.orchestration import WindlassClient, get_client
from windlass.context import FlowRunContext
from windlass.dispatch import dispatched
from windlass.engine.inputs import resolved, task_inputs, unfinished
from windlass.ids import uuid7
from windlass.schemas.base import JsonObject, JsonValue
from windlass.schemas.deployments import Deployment
from windlass.schemas.flow_runs import DeploymentFlowRunCreate, FlowRun
from windlass.schemas.state_constructors import Pending, Scheduled
from windlass.schemas.task_runs import TaskRunCreate

_SHORTEST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0


class RunOptions(TypedDict, total=False):
    """What can be said about a run of a deployment; None is the same as not given."""

    client: WindlassClient | None
    """One that is open already."""
    parameters: JsonObject | None
    """On top of those of the deployment."""
    scheduled_time: datetime | None
    """When it starts (now); local time unless it says its zone."""
    flow_run_name: str | None
    timeout: float | None
    """Seconds to wait for its end: 0 is not at all, None as long as it takes."""
    poll_interval: float | None
    """Seconds between two looks at it; by default few at first, and up to 5."""
    tags: Iterable[str] | None
    idempotency_key: str | None
    """A second run with the same key is the first one."""
    work_queue_name: str | None
    run_priority: int | None
    """The lower the number, the sooner it leaves its queue; by default 0."""
    as_subflow: bool | None
    """Whether a run that a flow asks for is a child of the flow's run; by default True."""
    job_variables: JsonObject | None
    """On top of those of the deployment; `env.NAME` reaches into the variable `env`."""


async def arun_deployment(name: str | UUID, **options: Unpack[RunOptions]) -> FlowRun:
    """Create a run of the deployment `<flow>/<deployment>`, or of this id, and wait for its end.

    The run is returned as it is when the waiting is over. Raises ObjectNotFound for the
    deployment, RequestInvalid for parameters that do not fit.
    """
    async with AsyncExitStack() as stack:
        client = options.get("client") or await stack.enter_async_context(get_client())
        deployment = await find_deployment(client, name)
        for future in unfinished(options.get("parameters") or {}, ()):
            await anyio.to_thread.run_sync(future.wait)
        wanted = wanted_run(options)
        if options.get("as_subflow", True) and (parent := FlowRunContext.get()):
            parameters = options.get("parameters") or {}
            tracking = await _tracking_run(client, parent, deployment, parameters)
            wanted = wanted.model_copy(update={"parent_task_run_id": tracking})
        run = await client.create_flow_run_from_deployment(deployment.id, wanted)
        return await _finished(client, run, options.get("timeout"), options.get("poll_interval"))


run_deployment = dispatched(arun_deployment)


def wanted_run(options: RunOptions) -> DeploymentFlowRunCreate:
    """What the API takes for a run with these options."""
    time = options.get("scheduled_time")
    said: JsonObject = {
        "state": Scheduled(time and time.astimezone()).to_create(),
        "name": options.get("flow_run_name"),
        "parameters": resolved(options.get("parameters") or {}, ()),
        "tags": sorted(options.get("tags") or ()),
        "idempotency_key": options.get("idempotency_key"),
        "work_queue_name": options.get("work_queue_name"),
        "run_priority": options.get("run_priority"),
        "job_variables": nested(options.get("job_variables") or {}),
    }
    given = {field: value for field, value in said.items() if value is not None}
    return DeploymentFlowRunCreate.model_validate(given)


async def find_deployment(client: WindlassClient, name: str | UUID) -> Deployment:
    """The deployment of this name or id. Raises ObjectNotFound."""
    try:
        return await client.read_deployment(name if isinstance(name, UUID) else UUID(name))
    except ValueError:
        return await client.read_deployment_by_name(str(name))


def nested(variables: JsonObject) -> JsonObject:
    """`{"env.NAME": 1}` as `{"env": {"NAME": 1}}`."""
    made: JsonObject = {}
    for path, value in variables.items():
        made |= _placed(made, path.split("."), value)
    return made


def _placed(below: JsonObject, path: list[str], value: JsonValue) -> JsonObject:
    first, *rest = path
    before: JsonValue = below.get(first)
    inner = cast(JsonObject, before) if isinstance(before, dict) else {}
    return {**below, first: _placed(inner, rest, value) if rest else value}


async def _finished(
    client: WindlassClient, run: FlowRun, timeout: float | None, interval: float | None
) -> FlowRun:
    begin = monotonic()
    while run.state is None or not run.state.is_final():
        waited = monotonic() - begin
        if timeout is not None and waited >= timeout:
            break
        pause = interval or min(_SHORTEST_PAUSE + waited / 10, _LONGEST_PAUSE)
        await anyio.sleep(pause if timeout is None else min(pause, timeout - waited))
        run = await client.read_flow_run(run.id)
    return run


async def _tracking_run(
    client: WindlassClient, parent: FlowRunContext, deployment: Deployment, parameters: JsonObject
) -> UUID:
    """The task run that stands for the run in its parent; the server moves it with the run."""
    id = uuid7()
    wanted: JsonObject = {
        "id": id,
        "name": f"{deployment.name}-{id.hex[-3:]}",
        "flow_run_id": parent.flow_run.id,
        "task_key": f"{deployment.name}-deployment",
        "dynamic_key": str(id),
        "task_inputs": task_inputs(parameters, ()),
        "state": Pending().to_create(),
    }
    return (await client.create_task_run(TaskRunCreate.model_validate(wanted))).id
