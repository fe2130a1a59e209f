"""What the web page asks for, on both sets of backends."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from windlass.client._async.client import WindlassClient
from windlass.ids import uuid7
from windlass.schemas.deployments import DeploymentCreate
from windlass.schemas.flow_runs import FlowRunCreate
from windlass.schemas.states import State
from windlass.schemas.task_runs import TaskRunCreate
from windlass.states import Completed, Failed, Pending, Running, Scheduled


@pytest.fixture
def now() -> datetime:
    """When the test began: not when its module was read, which may be minutes before."""
    return datetime.now(UTC)


NOBODY = str(uuid7())


async def flow_run(client: WindlassClient, flow: str, *states: State, **fields: Any) -> UUID:
    flow_id = await client.create_flow_from_name(flow)
    first, *others = states
    wanted = FlowRunCreate(flow_id=flow_id, state=first.to_create(), **fields)
    run = await client.create_flow_run(wanted)
    for state in others:
        await client.set_flow_run_state(run.id, state.to_create())
    return run.id


async def task_run(client: WindlassClient, of: UUID | None, key: str, *states: State) -> UUID:
    wanted = TaskRunCreate(flow_run_id=of, task_key=key, dynamic_key="0")
    run = await client.create_task_run(wanted)
    for state in states:
        await client.set_task_run_state(run.id, state.to_create(), force=True)
    return run.id


async def post(api: httpx.AsyncClient, path: str, body: Any = None) -> Any:
    answer = await api.post(f"/ui/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_flow_runs_are_points_of_a_chart(
    api: httpx.AsyncClient, client: WindlassClient, now: datetime
) -> None:
    ended = await flow_run(client, "f", Pending(), Running(), Completed())
    due = await flow_run(client, "f", Scheduled(now - timedelta(minutes=5)))
    points = await post(api, "flow_runs/history")
    assert [point["id"] for point in points] == [str(ended), str(due)]
    assert points[0]["state_type"] == "COMPLETED"
    assert points[0]["duration"] >= 0
    assert points[1]["lateness"] >= 300
    assert points[1]["timestamp"].startswith((now - timedelta(minutes=5)).isoformat()[:19])
    assert (await api.post("/ui/flow_runs/history", json={"limit": 1_001})).status_code == 422


async def test_task_runs_of_flow_runs_are_counted_without_those_that_stand_for_children(
    api: httpx.AsyncClient, client: WindlassClient
) -> None:
    of = await flow_run(client, "f", Pending(), Running())
    await task_run(client, of, "a", Running(), Completed())
    stands_in = await task_run(client, of, "child", Running())
    await flow_run(client, "g", Pending(), parent_task_run_id=stands_in)
    counts = await post(api, "flow_runs/count-task-runs", {"flow_run_ids": [str(of), NOBODY]})
    assert counts == {str(of): 1, NOBODY: 0}


async def test_flows_have_deployments_and_a_next_run(
    api: httpx.AsyncClient, client: WindlassClient, now: datetime
) -> None:
    flow_id = await client.create_flow_from_name("f")
    await client.create_deployment(DeploymentCreate(name="d", flow_id=flow_id))
    for hours in (2, 1):
        await flow_run(client, "f", Scheduled(now + timedelta(hours=hours)), name=f"in-{hours}")
    asked = {"flow_ids": [str(flow_id), NOBODY]}
    assert await post(api, "flows/count-deployments", asked) == {str(flow_id): 1, NOBODY: 0}
    found = await post(api, "flows/next-runs", asked)
    assert found[NOBODY] is None
    assert (found[str(flow_id)]["name"], found[str(flow_id)]["state_name"]) == ("in-1", "Scheduled")


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"x": 1}, []),
        ({}, [{"property": "x", "errors": ["is required."]}]),
        (
            {"x": 1, "l": [1, "b"]},
            [
                {
                    "property": "l",
                    "errors": [{"index": 1, "errors": ["must be of type integer, not 'b'."]}],
                }
            ],
        ),
        (
            {"x": {"__prefect_kind": "workspace_variable", "variable_name": "no"}},
            [{"property": "x", "errors": ["Variable 'no' not found in workspace."]}],
        ),
        ({"x": {"__prefect_kind": "jinja", "template": "{{ later }}"}}, []),
        (
            {"x": {"__prefect_kind": "jinja", "template": "{{ 1 + "}},
            [{"property": "x", "errors": ["Invalid jinja: unexpected 'end of template'"]}],
        ),
    ],
)
async def test_values_are_held_against_a_schema(
    api: httpx.AsyncClient, values: dict[str, Any], errors: list[Any]
) -> None:
    schema = {
        "properties": {
            "x": {"type": "integer"},
            "l": {"type": "array", "items": {"type": "integer"}},
        },
        "required": ["x"],
    }
    found = await post(api, "schemas/validate", {"schema": schema, "values": values})
    assert found == {"errors": errors, "valid": not errors}


async def test_a_malformed_schema_is_no_answer(api: httpx.AsyncClient) -> None:
    asked = {"schema": {"required": 3}, "values": {"x": 1}}
    assert (await api.post("/ui/schemas/validate", json=asked)).status_code == 422


async def test_the_dashboard_counts_the_ends_of_task_runs_by_their_start(
    api: httpx.AsyncClient, client: WindlassClient, now: datetime
) -> None:
    await task_run(client, None, "a", Running(), Completed())
    await task_run(client, None, "b", Running(), Failed())
    await task_run(client, None, "c", Running())
    started = {
        "after_": (now - timedelta(hours=1)).isoformat(),
        "before_": (now + timedelta(hours=1)).isoformat(),
    }
    parts = await post(api, "task_runs/dashboard/counts", {"task_runs": {"start_time": started}})
    assert len(parts) == 20
    assert parts[10] == {"completed": 1, "failed": 1}
    assert sum(part["completed"] + part["failed"] for part in parts) == 2
    missing = await api.post("/ui/task_runs/dashboard/counts", json={"task_runs": {}})
    assert missing.status_code == 422
    counts = await post(api, "task_runs/count")
    assert {name: count for name, count in counts.items() if count} == {
        "COMPLETED": 1,
        "FAILED": 1,
        "RUNNING": 1,
    }


async def test_a_task_run_is_shown_with_the_name_of_its_flow_run(
    api: httpx.AsyncClient, client: WindlassClient
) -> None:
    of = await flow_run(client, "f", Pending(), name="outer")
    inside, alone = await task_run(client, of, "a"), await task_run(client, None, "b")
    shown = (await api.get(f"/ui/task_runs/{inside}")).json()
    assert (shown["id"], shown["flow_run_name"]) == (str(inside), "outer")
    assert (await api.get(f"/ui/task_runs/{alone}")).json()["flow_run_name"] is None
    assert (await api.get(f"/ui/task_runs/{NOBODY}")).status_code == 404
