"""What a polling worker hands to the process of a run, so that it is fenced as our own are.

A claim of ours opens an execution. Who polls is told of runs and opens one later, by proposing
PENDING; several may be told of the same run. So each poll names the execution that would be the
run's next one, in a header which the worker sets, by the environment of the job, for the client in
the run's process. The first process that presents itself as that execution has the run; one that
was told of an earlier execution is stopped. `docs/decisions/0014-candidate-executions.md`.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from windlass.schemas.base import JsonObject
from windlass.schemas.executions import (
    EXECUTION_HEADER,
    RUN_TOKEN_HEADER,
    execution_id_of,
    parse_execution_id,
)
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.job_variables import default_job_variables
from windlass.schemas.work_pools import WorkPool
from windlass.schemas.workers import WorkerFlowRunResponse

CUSTOM_HEADERS: Final = "PREFECT_CLIENT_CUSTOM_HEADERS"
"""The variable from which a stock client takes headers for every request and websocket: JSON."""


HEARTBEAT_FREQUENCY: Final = "PREFECT_RUNNER_HEARTBEAT_FREQUENCY"
"""The variable that lets a stock runner send heartbeats, so that a lost run is noticed."""
_HEARTBEAT_SECONDS: Final = "30"
"""The shortest time that a stock runner takes."""


def next_execution_of(run: FlowRun) -> str:
    """The id of the execution that opens when this run is taken now."""
    generation = 0 if run.execution_id is None else parse_execution_id(run.execution_id)[1]
    return execution_id_of(run.id, generation + 1)


def with_candidate(
    told: WorkerFlowRunResponse,
    pool: WorkPool,
    job_variables_of_deployment: Mapping[str, Any],
    headers: Mapping[str, str],
) -> WorkerFlowRunResponse:
    """The answer with these headers in the environment of the run's job.

    Headers that the run, else its deployment, else the pool's template sets are kept beside ours.
    Where they are no JSON object as they stand (a reference to a block, for example) the answer is
    left as it is: theirs must not be lost. Unless one of them says how often, the runner sends
    heartbeats.
    """
    run = told.flow_run
    variables = run.job_variables or {}
    levels = (variables, job_variables_of_deployment, default_job_variables(pool.base_job_template))
    environments = [_environment_in(level) for level in levels]
    own = _headers_in(environments)
    if own is None:
        return told
    environment = environments[0] | {CUSTOM_HEADERS: json.dumps({**own, **headers})}
    if not any(HEARTBEAT_FREQUENCY in each for each in environments):
        environment[HEARTBEAT_FREQUENCY] = _HEARTBEAT_SECONDS
    changed = run.model_copy(update={"job_variables": {**variables, "env": environment}})
    return told.model_copy(update={"flow_run": changed})


def candidate_headers(execution_id: str, token: str | None) -> dict[str, str]:
    """What the process of an execution sends with whatever it sends."""
    named = {EXECUTION_HEADER: execution_id}
    return named if token is None else {**named, RUN_TOKEN_HEADER: token}


def _headers_in(environments: Iterable[JsonObject]) -> JsonObject | None:
    """The headers of the nearest level that sets any; None when they cannot be read."""
    for environment in environments:
        if CUSTOM_HEADERS in environment:
            return _object(environment[CUSTOM_HEADERS])
    return {}


def _object(value: Any) -> JsonObject | None:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return cast(JsonObject, value) if isinstance(value, dict) else None


def _environment_in(variables: Mapping[str, Any]) -> JsonObject:
    found = variables.get("env")
    return cast(JsonObject, found) if isinstance(found, dict) else {}
