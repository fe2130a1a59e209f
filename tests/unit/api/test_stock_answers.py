"""Sequences of requests, answered as stock Prefect 3.6.7 answers them: what it said is written in.

`${flow.id}` in a path or a body is a field of the answer to the step of that name. What is expected
of an answer is a part of it. Differences on purpose are in `docs/decisions/0007`.
"""

import re
from typing import Any, Final, NamedTuple, cast

import httpx
import pytest


class Step(NamedTuple):
    """One request, and what stock answers."""

    request: str
    body: Any
    status: int
    part: Any = None
    name: str = ""


NOBODY: Final = "00000000-0000-4000-8000-000000000001"
FLOW: Final = Step("POST /flows/", {"name": "flow", "labels": {"of": "flow"}}, 201, name="flow")
RUN: Final = Step("POST /flow_runs/", {"flow_id": "${flow.id}"}, 201, name="run")
SCHEMA: Final = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
LATER: Final = {"type": "SCHEDULED", "state_details": {"scheduled_time": "2099-01-01T00:00:00Z"}}
EVENTS: Final = {"type": "event", "match": {"prefect.resource.id": "x"}, "expect": ["a"]}
NOTHING: Final = [{"type": "do-nothing"}]


def deployment(**fields: Any) -> Step:
    body = {"name": "d", "flow_id": "${flow.id}", **fields}
    return Step("POST /deployments/", body, 201, name="deployment")


def cron(month: int, slug: str | None = None) -> dict[str, Any]:
    named = {"slug": slug} if slug else {}
    return {"schedule": {"cron": f"0 0 1 {month} *"}, "active": False, **named}


def moved(run: str, type: str, status: int, part: dict[str, Any]) -> Step:
    return Step(f"POST /{run}/set_state", {"state": {"type": type}}, status, part)


A_RUN: Final = "flow_runs/${run.id}"
A_TASK_RUN: Final = "task_runs/${task_run.id}"
A_DEPLOYMENT: Final = "/deployments/${deployment.id}"

SEQUENCES: Final[dict[str, list[Step]]] = {
    "what is in no place is not found": [
        Step("GET /flows/xyz", None, 404),
        Step("POST /flow_runs/xyz/set_state", {}, 404),
        Step("GET /flow_run_states/?flow_run_id=xyz", None, 422),
    ],
    "versions and health": [
        Step("GET /version", None, 200, "0.8.4"),
        Step("GET /admin/version", None, 200, "3.6.7"),
        Step("GET /health", None, 200, True),
    ],
    "a state that the rules put in place of the proposed one is written": [
        FLOW,
        Step(
            "POST /flow_runs/",
            {"flow_id": "${flow.id}", "empirical_policy": {"retries": 1, "retry_delay": 0}},
            201,
            name="run",
        ),
        moved(A_RUN, "PENDING", 200, {"status": "ABORT", "state": {"name": "Pending"}}),
        moved(A_RUN, "RUNNING", 201, {"status": "ACCEPT"}),
        moved(A_RUN, "FAILED", 201, {"status": "REJECT", "state": {"name": "AwaitingRetry"}}),
        moved(A_RUN, "RUNNING", 201, {"status": "ACCEPT"}),
        moved(A_RUN, "CANCELLING", 201, {"status": "ACCEPT"}),
        moved(A_RUN, "RUNNING", 200, {"status": "REJECT", "state": {"name": "Cancelling"}}),
    ],
    "a run that waits for its time": [
        FLOW,
        Step("POST /flow_runs/", {"flow_id": "${flow.id}", "state": LATER}, 201, name="run"),
        moved(A_RUN, "RUNNING", 200, {"status": "WAIT", "state": {"name": "Scheduled"}}),
        moved(A_RUN, "CANCELLING", 201, {"status": "REJECT", "state": {"name": "Cancelled"}}),
    ],
    "a limited deployment": [
        FLOW,
        deployment(concurrency_limit=1, concurrency_options={"collision_strategy": "CANCEL_NEW"}),
        Step(f"POST {A_DEPLOYMENT}/create_flow_run", {}, 201, name="first"),
        Step(f"POST {A_DEPLOYMENT}/create_flow_run", {}, 201, name="second"),
        moved("flow_runs/${first.id}", "PENDING", 201, {"status": "ACCEPT"}),
        moved(
            "flow_runs/${second.id}",
            "PENDING",
            201,
            {"status": "REJECT", "state": {"name": "Cancelled"}},
        ),
    ],
    "a task run that the server orchestrates": [
        FLOW,
        RUN,
        Step(
            "POST /task_runs/",
            {
                "flow_run_id": "${run.id}",
                "task_key": "t",
                "dynamic_key": "0",
                "labels": {"mine": 1},
                "empirical_policy": {"retries": 1, "retry_delay": 0},
            },
            201,
            {"state_name": "Pending", "labels": {"of": "flow", "mine": 1}},
            "task_run",
        ),
        moved(A_RUN, "RUNNING", 201, {}),
        moved(A_TASK_RUN, "RUNNING", 201, {"status": "ACCEPT"}),
        moved(A_TASK_RUN, "FAILED", 201, {"status": "REJECT", "state": {"name": "AwaitingRetry"}}),
        moved(A_TASK_RUN, "RUNNING", 201, {"status": "ACCEPT"}),
    ],
    "a deployment of which nothing is said": [
        FLOW,
        deployment(),
        Step(f"GET {A_DEPLOYMENT}", None, 200, {"pull_steps": [], "parameter_openapi_schema": {}}),
        Step(f"POST {A_DEPLOYMENT}/create_flow_run", {"work_queue_name": "q"}, 400),
    ],
    "parameters that do not fit": [
        FLOW,
        deployment(parameter_openapi_schema=SCHEMA, enforce_parameter_schema=True),
        Step(f"POST {A_DEPLOYMENT}/create_flow_run", {}, 409),
        Step(f"POST {A_DEPLOYMENT}/create_flow_run", {"parameters": {"x": "a"}}, 409),
        Step(f"PATCH {A_DEPLOYMENT}", {"parameters": {"x": "a"}}, 409),
        Step(
            "POST /deployments/",
            {
                "name": "other",
                "flow_id": "${flow.id}",
                "parameter_openapi_schema": SCHEMA,
                "enforce_parameter_schema": True,
                "parameters": {"x": "a"},
            },
            422,
        ),
    ],
    "parameters that cannot be got": [
        FLOW,
        deployment(),
        Step(
            f"POST {A_DEPLOYMENT}/create_flow_run",
            {"parameters": {"x": {"__prefect_kind": "json", "value": "{"}}},
            400,
        ),
        Step(
            f"PATCH {A_DEPLOYMENT}",
            {"parameters": {"x": {"__prefect_kind": "workspace_variable", "variable_name": "n"}}},
            400,
        ),
    ],
    "job variables of a run": [
        FLOW,
        RUN,
        Step("PATCH /flow_runs/${run.id}", {"job_variables": {"a": 1}}, 400),
        deployment(),
        Step(f"POST {A_DEPLOYMENT}/create_flow_run", {}, 201, name="scheduled"),
        Step("PATCH /flow_runs/${scheduled.id}", {"job_variables": {"a": 1}}, 204),
        Step("GET /flow_runs/${scheduled.id}", None, 200, {"job_variables": {"a": 1}}),
    ],
    "schedules that all have a slug are changed by it": [
        FLOW,
        deployment(schedules=[cron(1, "a"), cron(2, "b")]),
        Step(f"PATCH {A_DEPLOYMENT}", {"schedules": [cron(5, "a")]}, 204),
        Step(f"PATCH {A_DEPLOYMENT}", {"schedules": []}, 204),
        Step(f"PATCH {A_DEPLOYMENT}", {"schedules": [cron(6)]}, 422),
        Step(f"PATCH {A_DEPLOYMENT}", {"schedules": [cron(7, "a"), cron(8)]}, 422),
        Step(
            "POST /deployments/filter",
            {"deployments": {"id": {"any_": ["${deployment.id}"]}}},
            200,
            [{"schedules": [{"slug": "b"}, {"slug": "a", "schedule": {"cron": "0 0 1 5 *"}}]}],
        ),
    ],
    "schedules of which one has no slug are replaced": [
        FLOW,
        deployment(schedules=[cron(1, "a"), cron(2)]),
        Step(f"PATCH {A_DEPLOYMENT}", {"schedules": [cron(5)]}, 204),
        Step(f"GET {A_DEPLOYMENT}", None, 200, {"schedules": [{"slug": None}]}),
        Step(f"PATCH {A_DEPLOYMENT}", {"schedules": []}, 204),
        Step(f"GET {A_DEPLOYMENT}", None, 200, {"schedules": []}),
    ],
    "a schedule without a time zone is in UTC": [
        FLOW,
        deployment(),
        Step(
            f"POST {A_DEPLOYMENT}/schedules",
            [{"schedule": {"interval": 86400}}, {"schedule": {"rrule": "FREQ=DAILY"}}],
            201,
            [{"schedule": {"timezone": "UTC"}}, {"schedule": {"timezone": "UTC"}}],
        ),
    ],
    "block documents": [
        Step("POST /block_types/", {"name": "T", "slug": "t"}, 201, name="type"),
        Step("POST /block_types/", {"name": "U", "slug": "u"}, 201, name="other"),
        Step(
            "POST /block_schemas/",
            {"block_type_id": "${type.id}", "fields": {"title": "T", "properties": {}}},
            201,
            name="schema",
        ),
        Step(
            "POST /block_documents/",
            {
                "name": "One two",
                "block_type_id": "${type.id}",
                "block_schema_id": "${schema.id}",
            },
            422,
        ),
        Step(
            "POST /block_documents/",
            {"name": "one", "block_type_id": "${other.id}", "block_schema_id": "${schema.id}"},
            201,
            name="document",
        ),
        Step("PATCH /block_documents/${document.id}", {"data": {"a": 1}}, 204),
        Step("GET /block_documents/${document.id}", None, 200, {"data": {"a": 1}}),
    ],
    "an automation that is put keeps what is not said": [
        Step(
            "POST /automations/",
            {"name": "a", "trigger": EVENTS, "actions": NOTHING, "enabled": False, "tags": ["t"]},
            201,
            name="automation",
        ),
        Step(
            "PUT /automations/${automation.id}",
            {"name": "b", "trigger": EVENTS, "actions": []},
            204,
        ),
        Step(
            "GET /automations/${automation.id}",
            None,
            200,
            {"name": "b", "enabled": False, "tags": ["t"], "actions": []},
        ),
    ],
    "input that does not fit a pause": [
        FLOW,
        Step(
            "POST /flow_runs/",
            {"flow_id": "${flow.id}", "state": {"type": "RUNNING"}},
            201,
            name="run",
        ),
        Step(
            "POST /flow_runs/${run.id}/set_state",
            {
                "state": {
                    "type": "PAUSED",
                    "state_details": {
                        "pause_timeout": "2099-01-01T00:00:00Z",
                        "run_input_keyset": {"description": "d", "response": "r", "schema": "s"},
                    },
                }
            },
            201,
        ),
        Step(
            "POST /flow_runs/${run.id}/resume",
            {"run_input": {"x": 1}},
            200,
            {"status": "REJECT", "details": {"type": "abort_details"}},
        ),
    ],
    "lines of a log": [
        FLOW,
        RUN,
        Step(
            "POST /logs/",
            [
                {
                    "name": "n",
                    "level": 20,
                    "message": "m",
                    "timestamp": "2026-11-20T00:00:00Z",
                    "flow_run_id": "${run.id}",
                }
            ],
            201,
        ),
        Step(
            "GET /flow_runs/${run.id}/logs/download",
            None,
            200,
            "timestamp,level,flow_run_id,task_run_id,message\r\n"
            "2026-11-20 00:00:00+00:00,20,${run.id},,m\r\n",
        ),
    ],
    "a limit below nothing": [
        Step("POST /v2/concurrency_limits/", {"name": "n", "limit": -1}, 422),
    ],
    "lease of a limit": [
        Step("POST /v2/concurrency_limits/", {"name": "l", "limit": 1}, 201),
        Step(
            "POST /v2/concurrency_limits/increment-with-lease",
            {"names": ["l"], "slots": 1, "lease_duration": 59},
            422,
        ),
    ],
    "who is not there": [
        Step(f"GET /flow_runs/{NOBODY}", None, 404),
        Step(f"PATCH /deployments/{NOBODY}", {"tags": []}, 404),
        Step(f"DELETE /automations/{NOBODY}", None, 404),
        Step("GET /work_pools/nobody", None, 404),
        Step("DELETE /variables/name/nobody", None, 404),
    ],
}


@pytest.mark.parametrize("name", SEQUENCES)
async def test_answers_are_those_of_stock(api: httpx.AsyncClient, name: str) -> None:
    known: dict[str, Any] = {}
    for step in SEQUENCES[name]:
        method, path = _filled(step.request, known).split(" ", 1)
        answer = await api.request(method, path, json=_filled(step.body, known))
        assert answer.status_code == step.status, f"{method} {path}: {answer.text}"
        if step.name:
            known[step.name] = answer.json()
        if step.part is not None:
            wanted = _filled(step.part, known)
            is_text = "text/" in answer.headers["content-type"]
            said = answer.text if is_text else answer.json()
            assert _part_of(said, wanted) == wanted, f"{method} {path}"


def _filled(value: Any, known: dict[str, Any]) -> Any:
    match value:
        case str():
            return re.sub(r"\$\{(\w+)\.(\w+)\}", lambda m: str(known[m[1]][m[2]]), value)
        case list():
            return [_filled(item, known) for item in cast("list[Any]", value)]
        case dict():
            fields = cast("dict[str, Any]", value)
            return {name: _filled(part, known) for name, part in fields.items()}
        case _:
            return value


def _part_of(said: Any, wanted: Any) -> Any:
    """As much of an answer as is expected something of."""
    part: Any = said
    if isinstance(said, dict) and isinstance(wanted, dict):
        fields, names = cast("dict[str, Any]", said), cast("dict[str, Any]", wanted)
        part = {name: _part_of(fields.get(name), one) for name, one in names.items()}
    elif isinstance(said, list) and isinstance(wanted, list):
        items, parts = cast("list[Any]", said), cast("list[Any]", wanted)
        if len(items) == len(parts):
            part = [*map(_part_of, items, parts)]
    return part
