"""Values that break servers: refused with the name of the field, or kept, and never a 500."""

import json
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest

FIRST: Final = "0001-01-01T00:00:00Z"
LAST: Final = "9999-12-31T23:59:59.999999Z"
HUGE: Final = 2**31


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b'{"name": "\xff"}', b"NaN", b'"\\ud800"', b"[" * 500, b"9" * 5000]
)
async def test_a_body_that_is_no_json_is_shown_as_far_as_it_is_text(
    api: httpx.AsyncClient, body: bytes
) -> None:
    refused = await api.post("/flows/", content=body, headers={"content-type": "application/json"})
    assert refused.status_code == 422
    assert refused.json()["exception_detail"][0]["loc"][0] == "body"
    nowhere = await api.patch("/flows/no-id", content=body)
    assert nowhere.status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/concurrency_limits/", {"tag": "t", "concurrency_limit": HUGE}, "concurrency_limit"),
        ("/v2/concurrency_limits/", {"name": "l", "limit": HUGE}, "limit"),
        ("/work_pools/", {"name": "p", "type": "process", "concurrency_limit": 10**30}, None),
        ("/work_queues/", {"name": "q", "priority": HUGE}, "priority"),
        ("/flows/filter", {"offset": 2**63}, "offset"),
        ("/flows/paginate", {"page": HUGE}, "page"),
        ("/deployments/filter", {"deployments": {"concurrency_limit": {"ge_": HUGE}}}, "ge_"),
        ("/executions/ended", {"execution_id": "x", "crashed": True, "exit_code": HUGE}, None),
        ("/flows/filter", {"flows": {"name": {"like_": "x" * 5_001}}}, "like_"),
    ],
)
async def test_what_no_column_holds_is_refused_by_its_field(
    api: httpx.AsyncClient, path: str, body: dict[str, Any], field: str | None
) -> None:
    refused = await api.post(path, json=body)
    assert refused.status_code == 422
    wrong = [problem["loc"][-1] for problem in refused.json()["exception_detail"]]
    assert wrong == [field or list(body)[-1]]


async def test_a_delay_that_ends_after_all_time_is_refused(api: httpx.AsyncClient) -> None:
    flow_id = (await api.post("/flows/", json={"name": "f"})).json()["id"]
    for delay in (10**400, 1e300, -1e300):
        body = {"flow_id": flow_id, "empirical_policy": {"retry_delay": delay}}
        assert (await api.post("/flow_runs/", json=body)).status_code == 422
    claim = {"worker_name": "w", "request_id": str(uuid4()), "limit": 1, "prefetch_seconds": 1e300}
    assert (await api.post("/work_pools/p/claim", json=claim)).status_code == 422


async def test_a_number_that_is_none_is_refused_or_kept_as_null(api: httpx.AsyncClient) -> None:
    flow_id = (await api.post("/flows/", json={"name": "f"})).json()["id"]
    labelled = {"flow_id": flow_id, "labels": {"share": float("nan")}}
    assert (await _send(api, "/flow_runs/", labelled)).status_code == 422
    run = (await _send(api, "/flow_runs/", {"flow_id": flow_id})).json()
    changed = await _send(api, f"/flow_runs/{run['id']}/labels", {"x": float("inf")}, "PATCH")
    assert changed.status_code == 422
    given = {"flow_id": flow_id, "parameters": {"share": float("nan")}}
    assert (await _send(api, "/flow_runs/", given)).json()["parameters"] == {"share": None}
    limit = {"name": "l", "limit": 1, "slot_decay_per_second": float("inf")}
    assert (await _send(api, "/v2/concurrency_limits/", limit)).status_code == 422
    assert len((await api.post("/flow_runs/filter", json={})).json()) == 2


async def test_nul_in_a_text_breaks_nothing(api: httpx.AsyncClient) -> None:
    nul = "a\0b"
    flow = (await api.post("/flows/", json={"name": nul, "tags": [nul]})).json()
    asked = {"flows": {"name": {"any_": [nul]}, "tags": {"all_": [nul]}}}
    assert [one["id"] for one in (await api.post("/flows/filter", json=asked)).json()] == [
        flow["id"]
    ]
    assert (await api.get("/flows/name/a%00b")).json()["id"] == flow["id"]
    slots = {"names": [nul], "slots": 1}
    assert (await api.post("/v2/concurrency_limits/increment", json=slots)).status_code == 200
    renewed = await api.post("/executions/renew", json={"renewals": [{"execution_id": nul}]})
    assert renewed.json()["leases"][0]["intent"] == "stop"
    run = {"flow_id": flow["id"], "name": nul, "idempotency_key": nul, "parameters": {"a": nul}}
    assert (await api.post("/flow_runs/", json=run)).status_code == 201
    assert (await api.post("/flow_runs/", json=run)).status_code == 200


async def test_the_first_and_the_last_moment_are_moments(api: httpx.AsyncClient) -> None:
    flow_id = (await api.post("/flows/", json={"name": "f"})).json()["id"]
    wanted = {"name": "d", "flow_id": flow_id, "schedules": [{"schedule": {"cron": "0 0 1 1 *"}}]}
    deployment_id = (await api.post("/deployments/", json=wanted)).json()["id"]
    for moment in (FIRST, LAST):
        state = {"type": "SCHEDULED", "timestamp": moment}
        run = {"flow_id": flow_id, "state": state | {"state_details": {"scheduled_time": moment}}}
        period = {"after_": moment, "before_": moment}
        for path, body in (
            ("/flow_runs/", run),
            ("/flow_runs/filter", {"flow_runs": {"expected_start_time": period}}),
            ("/flow_runs/lateness", {}),
            ("/flow_runs/history", _history(moment)),
            ("/events/filter", {"filter": {"occurred": {"since": moment, "until": moment}}}),
            ("/ui/task_runs/dashboard/counts", {"task_runs": {"start_time": {"after_": moment}}}),
            (f"/deployments/{deployment_id}/schedule", {"start_time": moment}),
            (f"/deployments/{deployment_id}/schedule", {"min_runs": 0}),
        ):
            answer = await api.post(path, json=body)
            assert answer.status_code < 300, f"{path} {body}: {answer.text}"
    beyond = {"flow_runs": {"start_time": {"after_": "0001-01-01T00:00:00+14:00"}}}
    refused = await api.post("/flow_runs/filter", json=beyond)
    assert "its year is not between 1 and 9999" in refused.text


async def test_a_level_beyond_sixteen_bits_costs_no_line(api: httpx.AsyncClient) -> None:
    line = {"name": "a", "message": "m", "timestamp": "2026-01-01T00:00:00Z"}
    lines = [line | {"level": level} for level in (20, 50_000, -(10**30))]
    assert (await api.post("/logs/", json=lines)).status_code == 201
    found = await api.post("/logs/filter", json={"logs": {"level": {"ge_": 40_000}}})
    assert [one["level"] for one in found.json()] == [32_767]


async def test_null_says_nothing_of_what_every_run_has(api: httpx.AsyncClient) -> None:
    flow_id = (await api.post("/flows/", json={"name": "f"})).json()["id"]
    run = (await api.post("/flow_runs/", json={"flow_id": flow_id, "name": "kept"})).json()
    assert (await api.patch(f"/flow_runs/{run['id']}", json={"name": None})).status_code == 204
    assert (await api.get(f"/flow_runs/{run['id']}")).json()["name"] == "kept"
    key = {"flow_run_id": run["id"], "task_key": "t", "dynamic_key": "0", "name": "kept"}
    task = (await api.post("/task_runs/", json=key)).json()
    assert (await api.patch(f"/task_runs/{task['id']}", json={"name": None})).status_code == 204
    assert (await api.get(f"/task_runs/{task['id']}")).json()["name"] == "kept"


async def test_the_id_of_another_task_run_is_taken(api: httpx.AsyncClient) -> None:
    key = {"task_key": "t", "dynamic_key": "0", "id": str(uuid4())}
    assert (await api.post("/task_runs/", json=key)).status_code == 201
    refused = await api.post("/task_runs/", json=key | {"dynamic_key": "1"})
    assert refused.status_code == 409
    assert "`id`" in refused.json()["detail"]


async def test_a_queue_is_named_as_a_segment_of_a_path(api: httpx.AsyncClient) -> None:
    flow_id = (await api.post("/flows/", json={"name": "f"})).json()["id"]
    await api.post("/work_pools/", json={"name": "p", "type": "process"})
    wanted = {"name": "d", "flow_id": flow_id, "work_pool_name": "p"}
    refused = await api.post("/deployments/", json=wanted | {"work_queue_name": "a/b"})
    assert refused.status_code == 422
    deployment_id = (await api.post("/deployments/", json=wanted)).json()["id"]
    path = f"/deployments/{deployment_id}/create_flow_run"
    assert (await api.post(path, json={"work_queue_name": "a/b"})).status_code == 422
    poll = {"work_queue_names": ["a/b"]}
    path = "/work_pools/p/get_scheduled_flow_runs"
    assert (await api.post(path, json=poll)).status_code == 422


@pytest.mark.parametrize(
    "fields",
    [
        {"block_schema_references": 5},
        {"block_schema_references": {"a": {"block_type_slug": "s"}}},
        {"definitions": "none"},
        {"secret_fields": 5},
        {"title": []},
    ],
)
async def test_what_a_block_schema_says_of_itself_is_readable(
    api: httpx.AsyncClient, fields: dict[str, Any]
) -> None:
    kind = (await api.post("/block_types/", json={"name": "K", "slug": "k"})).json()["id"]
    refused = await api.post("/block_schemas/", json={"block_type_id": kind, "fields": fields})
    assert refused.status_code == 422
    assert refused.json()["exception_detail"][0]["loc"] == ["body", "fields"]


def _history(moment: str) -> dict[str, Any]:
    ends = {"history_start": moment, "history_end": "2026-01-01T00:00:00Z"}
    return ends | {"history_interval_seconds": 86_400}


async def _send(
    api: httpx.AsyncClient, path: str, body: Any, method: str = "POST"
) -> httpx.Response:
    """A request with JSON that has NaN and infinity, which Python's own writer allows."""
    headers = {"content-type": "application/json"}
    return await api.request(method, path, content=json.dumps(body), headers=headers)
