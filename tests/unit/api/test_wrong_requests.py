"""Wrong requests are answered with the statuses and the bodies of Prefect 3.6.7.

What is expected was asked of its server; where ours differs on purpose, decision 0015 says why.
"""

import json
from typing import Any, Final, TypeAlias

import httpx

Case: TypeAlias = tuple[str, str, Any, int, frozenset[str]]
"""Method, path, body, and the answer: its status, and what its body holds among others."""

ID: Final = "00000000-0000-4000-8000-00000000dead"
"""Of nothing."""
NO_JSON: Final = b"{nope"
DETAIL: Final = frozenset({"detail"})
ERROR: Final = frozenset({"error"})
MALFORMED: Final = frozenset({"exception_message", "exception_detail", "request_body"})

THERE: Final = (
    ("/work_pools/", {"name": "POOL", "type": "process"}),
    ("/variables/", {"name": "var", "value": 1}),
    ("/v2/concurrency_limits/", {"name": "LIMIT", "limit": 1}),
)
"""What some of the requests meet."""

CASES: Final[tuple[Case, ...]] = (
    ("GET", "/nowhere", None, 404, DETAIL),
    ("GET", "/flows/not-an-id", None, 404, DETAIL),
    ("GET", f"/flows/{ID}", None, 404, DETAIL),
    ("GET", "/flows/name/none", None, 404, DETAIL),
    ("GET", f"/flow_runs/{ID}", None, 404, DETAIL),
    ("GET", "/flow_runs/x", None, 404, DETAIL),
    ("DELETE", f"/flow_runs/{ID}", None, 404, DETAIL),
    ("PATCH", f"/flow_runs/{ID}", {"name": "a"}, 404, DETAIL),
    ("PUT", "/flows/", {"name": "a"}, 405, DETAIL),
    ("DELETE", "/flows/", None, 405, DETAIL),
    ("POST", f"/flow_runs/{ID}", {}, 405, DETAIL),
    ("POST", "/flows/", {}, 422, MALFORMED),
    ("POST", "/flows/", {"name": 5}, 422, MALFORMED),
    ("POST", "/flows/", {"name": "a/b"}, 422, MALFORMED),
    ("POST", "/flows/", NO_JSON, 422, MALFORMED),
    ("POST", "/flows/", [], 422, MALFORMED),
    ("POST", "/flows/", None, 422, MALFORMED),
    ("POST", "/flow_runs/", {}, 422, MALFORMED),
    ("POST", "/flow_runs/", {"flow_id": "x"}, 422, MALFORMED),
    (
        "POST",
        "/flow_runs/",
        {"flow_id": ID, "deployment_id": ID, "state": {"type": "NOPE"}},
        422,
        MALFORMED,
    ),
    ("POST", f"/flow_runs/{ID}/set_state", {"state": {"type": "RUNNING"}}, 404, DETAIL),
    ("POST", f"/flow_runs/{ID}/set_state", {}, 422, MALFORMED),
    ("POST", f"/flow_runs/{ID}/set_state", {"state": {"type": "x"}}, 422, MALFORMED),
    ("POST", "/flow_runs/filter", {"limit": -1}, 422, DETAIL),
    ("POST", "/flow_runs/filter", {"limit": 201}, 422, DETAIL),
    ("POST", "/flow_runs/filter", {"offset": -1}, 422, MALFORMED),
    ("POST", "/flow_runs/filter", {"sort": "NO"}, 422, MALFORMED),
    ("POST", "/flow_runs/filter", {"flow_runs": {"id": {"any_": ["x"]}}}, 422, MALFORMED),
    ("POST", "/flow_runs/paginate", {"page": 0}, 422, MALFORMED),
    ("POST", "/flow_runs/history", {}, 422, MALFORMED),
    ("GET", f"/flow_run_states/{ID}", None, 404, DETAIL),
    ("GET", "/flow_run_states/?flow_run_id=x", None, 422, MALFORMED),
    ("GET", "/flow_run_states/", None, 422, MALFORMED),
    ("GET", f"/task_runs/{ID}", None, 404, DETAIL),
    ("POST", "/task_runs/", {"task_key": "a"}, 422, MALFORMED),
    ("POST", f"/task_runs/{ID}/set_state", {"state": {"type": "RUNNING"}}, 404, DETAIL),
    ("PATCH", f"/task_runs/{ID}", {"name": "a"}, 404, DETAIL),
    ("DELETE", f"/task_runs/{ID}", None, 404, DETAIL),
    ("GET", f"/deployments/{ID}", None, 404, DETAIL),
    ("GET", "/deployments/name/a/b", None, 404, DETAIL),
    ("POST", "/deployments/", {"name": "a"}, 422, MALFORMED),
    ("PATCH", f"/deployments/{ID}", {"paused": True}, 404, DETAIL),
    ("DELETE", f"/deployments/{ID}", None, 404, DETAIL),
    ("POST", f"/deployments/{ID}/create_flow_run", {}, 404, DETAIL),
    ("POST", f"/deployments/{ID}/schedules", [{"schedule": {"cron": "x"}}], 422, MALFORMED),
    ("POST", f"/deployments/{ID}/schedules", [{"schedule": {"interval": 60}}], 404, DETAIL),
    ("POST", f"/deployments/{ID}/pause_deployment", None, 404, DETAIL),
    ("GET", "/work_pools/none", None, 404, DETAIL),
    ("POST", "/work_pools/", {}, 422, MALFORMED),
    ("POST", "/work_pools/", {"name": "prefect-x", "type": "process"}, 403, DETAIL),
    ("PATCH", "/work_pools/none", {"is_paused": True}, 404, DETAIL),
    ("DELETE", "/work_pools/none", None, 404, DETAIL),
    ("POST", "/work_pools/none/workers/heartbeat", {"name": "w"}, 404, DETAIL),
    ("POST", "/work_pools/none/get_scheduled_flow_runs", {}, 404, DETAIL),
    ("GET", "/work_pools/none/queues/q", None, 404, DETAIL),
    ("POST", "/work_pools/", {"name": "POOL", "type": "process"}, 409, DETAIL),
    ("GET", f"/work_queues/{ID}", None, 404, DETAIL),
    ("GET", "/work_queues/name/none", None, 404, DETAIL),
    ("GET", f"/work_queues/{ID}/status", None, 404, DETAIL),
    ("GET", f"/variables/{ID}", None, 404, DETAIL),
    ("GET", "/variables/name/none", None, 404, DETAIL),
    ("POST", "/variables/", {"name": "Not OK", "value": 1}, 422, MALFORMED),
    ("POST", "/variables/", {"name": "VAR", "value": 1}, 422, MALFORMED),
    ("POST", "/variables/", {"name": "x"}, 422, MALFORMED),
    ("PATCH", "/variables/name/none", {"value": 1}, 404, DETAIL),
    ("DELETE", "/variables/name/none", None, 404, DETAIL),
    ("GET", "/block_types/slug/none", None, 404, DETAIL),
    ("POST", "/block_types/", {"name": "x", "slug": "Bad Slug"}, 422, MALFORMED),
    ("GET", f"/block_documents/{ID}", None, 404, DETAIL),
    ("POST", "/block_documents/", {"name": "d"}, 422, MALFORMED),
    ("GET", "/block_schemas/checksum/none", None, 404, DETAIL),
    ("DELETE", f"/block_types/{ID}", None, 404, DETAIL),
    ("GET", "/concurrency_limits/tag/none", None, 404, DETAIL),
    ("POST", "/concurrency_limits/", {"tag": "x"}, 422, MALFORMED),
    ("GET", "/v2/concurrency_limits/none", None, 404, DETAIL),
    ("POST", "/v2/concurrency_limits/", {"name": "LIMIT", "limit": 1}, 409, DETAIL),
    ("POST", "/v2/concurrency_limits/", {"name": "x", "limit": -1}, 422, MALFORMED),
    ("POST", "/v2/concurrency_limits/increment", {"slots": 0, "names": ["a"]}, 422, MALFORMED),
    ("POST", "/v2/concurrency_limits/increment", {"slots": 5, "names": ["LIMIT"]}, 422, DETAIL),
    ("POST", f"/v2/concurrency_limits/leases/{ID}/renew", {}, 410, DETAIL),
    ("POST", "/v2/concurrency_limits/decrement-with-lease", {}, 422, MALFORMED),
    ("GET", f"/artifacts/{ID}", None, 404, DETAIL),
    ("GET", "/artifacts/none/latest", None, 404, DETAIL),
    ("PATCH", f"/artifacts/{ID}", {"data": 1}, 404, DETAIL),
    ("GET", f"/automations/{ID}", None, 404, DETAIL),
    ("POST", "/automations/", {"name": "a"}, 422, MALFORMED),
    ("POST", "/automations/templates/validate", "{{ broken", 422, ERROR),
    ("DELETE", f"/automations/{ID}", None, 404, DETAIL),
    ("POST", "/templates/validate", "{{ broken", 422, ERROR),
    ("POST", "/events/filter", {"filter": {"order": "x"}}, 422, MALFORMED),
    ("GET", "/events/filter/next?page-token=x", None, 403, DETAIL),
    ("POST", "/events/count-by/nothing", {"filter": {}}, 422, MALFORMED),
    ("POST", "/events", [{"event": "x"}], 422, MALFORMED),
    ("POST", "/logs/", [{"name": "x"}], 422, MALFORMED),
    ("GET", f"/saved_searches/{ID}", None, 404, DETAIL),
    ("GET", "/collections/views/none", None, 404, DETAIL),
    ("GET", "/csrf-token?client=a", None, 422, DETAIL),
    ("GET", "/csrf-token", None, 422, MALFORMED),
    ("GET", f"/flow_runs/{ID}/input/none", None, 404, DETAIL),
    ("GET", f"/flow_runs/{ID}/graph-v2", None, 404, DETAIL),
    ("GET", f"/ui/task_runs/{ID}", None, 404, DETAIL),
    ("POST", "/ui/schemas/validate", {}, 422, MALFORMED),
)

ON_PURPOSE: Final[tuple[Case, ...]] = (
    # 405 there, 409 there, 422 in another shape there, 404 there, and twice 500 there.
    ("GET", "/flow_runs/filter", None, 404, DETAIL),
    ("POST", "/deployments/", {"name": "a", "flow_id": ID}, 404, DETAIL),
    (
        "POST",
        "/flow_runs/history",
        {
            "history_start": "2026-01-01T00:00:00Z",
            "history_end": "2026-01-02T00:00:00Z",
            "history_interval_seconds": 0.5,
        },
        422,
        MALFORMED,
    ),
    ("PATCH", f"/flow_runs/{ID}/labels", {"a": [1]}, 422, MALFORMED),
    ("POST", f"/flow_runs/{ID}/input", {"key": "not ok", "value": "1"}, 422, MALFORMED),
    ("POST", f"/flow_runs/{ID}/resume", {}, 404, DETAIL),
)


async def test_wrong_requests_are_answered_as_stock_answers_them(api: httpx.AsyncClient) -> None:
    for path, body in THERE:
        assert (await api.post(path, json=body)).is_success, path
    wrong = [await _difference(api, *case) for case in (*CASES, *ON_PURPOSE)]
    assert not any(wrong), "\n".join(filter(None, wrong))


async def _difference(
    api: httpx.AsyncClient, method: str, path: str, body: Any, status: int, shape: frozenset[str]
) -> str | None:
    """What is wrong with the answer; None if nothing is."""
    content = body if isinstance(body, bytes) else None if body is None else json.dumps(body)
    headers = {} if content is None else {"Content-Type": "application/json"}
    answer = await api.request(method, path, content=content, headers=headers)
    said = answer.json()
    if answer.status_code == status and shape <= said.keys():
        return None
    return f"{method} {path} {body}: {answer.status_code} {said}, expected {status} {set(shape)}"
