"""Histories, graphs and files of logs, on both sets of backends."""

import csv
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from windlass.client._async.client import WindlassClient
from windlass.exceptions import ObjectNotFound, RequestInvalid
from windlass.ids import uuid7
from windlass.schemas.filters.flow_runs import FlowRunFilter, FlowRunFilterName
from windlass.schemas.filters.queries import (
    FlowRunCountQuery,
    FlowRunHistoryQuery,
    TaskRunHistoryQuery,
)
from windlass.schemas.flow_runs import FlowRun, FlowRunCreate
from windlass.schemas.states import State
from windlass.schemas.task_runs import TaskRun, TaskRunCreate
from windlass.states import Completed, Pending, Running, Scheduled
from windlass_services.orchestration.context import ServiceContext
from windlass_services.storage.flow_run_graphs import (
    GraphLimits,
    read_dependencies,
    read_flow_run_graph,
)
from windlass_services.storage.scope import Scope


@pytest.fixture
def now() -> datetime:
    """When the test began: not when its module was read, which may be minutes before."""
    return datetime.now(UTC)


EVER = datetime(2000, 1, 1, tzinfo=UTC)


async def flow_run(client: WindlassClient, *states: State, **fields: Any) -> FlowRun:
    """A run that entered these states."""
    first, *others = states or (Pending(), Running())
    flow_id = await client.create_flow_from_name("flow")
    wanted = FlowRunCreate(flow_id=flow_id, state=first.to_create(), **fields)
    run = await client.create_flow_run(wanted)
    for state in others:
        await client.set_flow_run_state(run.id, state.to_create())
    return await client.read_flow_run(run.id)


async def task_run(client: WindlassClient, of: FlowRun, key: str, **inputs: list[UUID]) -> TaskRun:
    """A task run that completed, and took the results of others."""
    given = {
        name: [{"input_type": "task_run", "id": str(id)} for id in ids]
        for name, ids in inputs.items()
    }
    wanted = TaskRunCreate.model_validate(
        {"flow_run_id": of.id, "task_key": key, "dynamic_key": "0", "task_inputs": given}
    )
    run = await client.create_task_run(wanted)
    for state in (Running(), Completed()):
        await client.set_task_run_state(run.id, state.to_create(), force=True)
    return await client.read_task_run(run.id)


def period(now: datetime, **fields: Any) -> dict[str, Any]:
    """Three minutes around now, minute by minute."""
    return {
        "history_start": now - timedelta(minutes=1),
        "history_end": now + timedelta(minutes=2),
        "history_interval_seconds": 60,
        **fields,
    }


async def test_runs_are_counted_by_interval_and_state(
    client: WindlassClient, now: datetime
) -> None:
    late = Scheduled(now - timedelta(seconds=30))
    for states in ((late,), (late,), (Pending(), Running(), Completed())):
        await flow_run(client, *states)
    await flow_run(client, Scheduled(now + timedelta(hours=1)))
    found = await client.read_flow_run_history(FlowRunHistoryQuery(**period(now)))
    assert [one.interval_start for one in found] == [
        now + timedelta(minutes=number) for number in (-1, 0, 1)
    ]
    assert found[0].interval_end == found[1].interval_start
    [scheduled] = found[0].states
    assert (scheduled.state_type, scheduled.state_name, scheduled.count_runs) == (
        "SCHEDULED",
        "Scheduled",
        2,
    )
    assert scheduled.sum_estimated_lateness >= timedelta(minutes=1)
    assert [(state.state_name, state.count_runs) for state in found[1].states] == [("Completed", 1)]
    assert found[2].states == []


async def test_a_history_keeps_to_its_filters(client: WindlassClient, now: datetime) -> None:
    await flow_run(client, name="this-one")
    await flow_run(client, name="another")
    named = FlowRunFilter(name=FlowRunFilterName(any_=["this-one"]))
    found = await client.read_flow_run_history(FlowRunHistoryQuery(**period(now, flow_runs=named)))
    assert sum(state.count_runs for one in found for state in one.states) == 1


async def test_task_runs_have_a_history_too(client: WindlassClient, now: datetime) -> None:
    of = await flow_run(client)
    await task_run(client, of, "a")
    found = await client.read_task_run_history(TaskRunHistoryQuery(**period(now)))
    [state] = [state for one in found for state in one.states]
    assert (state.state_name, state.count_runs) == ("Completed", 1)


async def test_a_history_is_bounded(client: WindlassClient, now: datetime) -> None:
    many = period(now, history_start=EVER, history_interval_seconds=1)
    assert len(await client.read_flow_run_history(FlowRunHistoryQuery(**many))) == 500
    endless = period(now, history_interval_seconds=1e300)
    with pytest.raises(RequestInvalid):
        await client.read_flow_run_history(FlowRunHistoryQuery(**endless))


async def test_lateness_is_an_average_over_the_runs_that_match(
    client: WindlassClient, now: datetime
) -> None:
    assert await client.read_average_lateness() is None
    await flow_run(client, Scheduled(now - timedelta(hours=1)), name="late")
    await flow_run(client, Scheduled(now + timedelta(hours=1)), name="early")
    late = FlowRunFilter(name=FlowRunFilterName(any_=["late"]))
    found = await client.read_average_lateness(FlowRunCountQuery(flow_runs=late))
    assert found == pytest.approx(3600, abs=120)
    assert await client.read_average_lateness() == pytest.approx(1800, abs=120)


async def test_the_graph_shows_what_was_called_and_what_waited_for_what(
    client: WindlassClient,
) -> None:
    of = await flow_run(client)
    first = await task_run(client, of, "first")
    second = await task_run(client, of, "second", x=[first.id], wait_for=[first.id])
    inner = await task_run(client, of, "inner", __parents__=[second.id])
    stands_in = await task_run(client, of, "child")
    child = await flow_run(client, parent_task_run_id=stands_in.id, name="kid")
    graph = await client.read_flow_run_graph(of.id)
    assert [state.name for state in graph.states] == ["Pending", "Running"]
    nodes = dict(graph.nodes)
    assert set(nodes) == {first.id, second.id, inner.id, child.id}
    assert graph.root_node_ids == [node for node in nodes if node != second.id]
    assert [edge.id for edge in nodes[second.id].parents] == [first.id]
    assert [edge.id for edge in nodes[first.id].children] == [second.id]
    assert [edge.id for edge in nodes[inner.id].encapsulating] == [second.id]
    assert (nodes[child.id].kind, nodes[child.id].label) == ("flow-run", "flow / kid")
    assert nodes[first.id].end_time is not None


async def test_a_graph_leaves_out_what_ended_before(
    api: httpx.AsyncClient, client: WindlassClient, now: datetime
) -> None:
    of = await flow_run(client)
    ended = await task_run(client, of, "ended")
    path = f"/flow_runs/{of.id}/graph-v2"
    later = {"since": (now + timedelta(hours=1)).isoformat()}
    assert (await api.get(path, params=later)).json()["nodes"] == []
    assert [id for id, _ in (await api.get(path)).json()["nodes"]] == [str(ended.id)]


async def test_artifacts_hang_on_what_made_them(
    api: httpx.AsyncClient, client: WindlassClient
) -> None:
    of = await flow_run(client)
    made_by = await task_run(client, of, "making")
    for task_run_id, type, data in ((made_by.id, "progress", 50), (None, "markdown", "text")):
        artifact = {"key": f"a-{type}", "type": type, "data": data, "flow_run_id": str(of.id)}
        if task_run_id is not None:
            artifact["task_run_id"] = str(task_run_id)
        assert (await api.post("/artifacts/", json=artifact)).status_code == 201
    graph = await client.read_flow_run_graph(of.id)
    [shown] = dict(graph.nodes)[made_by.id].artifacts
    assert (shown.type, shown.data, shown.is_latest) == ("progress", 50, True)
    assert [(one.type, one.data) for one in graph.artifacts] == [("markdown", None)]


async def test_a_graph_over_the_limit_is_refused(
    client: WindlassClient, services: ServiceContext, now: datetime
) -> None:
    of = await flow_run(client)
    await task_run(client, of, "one")
    none = GraphLimits(nodes=0, artifacts=0)
    async with services.database.read() as connection:
        with pytest.raises(RequestInvalid, match="MAX_NODES"):
            await read_flow_run_graph(connection, Scope(), of.id, EVER, none)
        with pytest.raises(RequestInvalid, match="MAX_NODES"):
            await read_dependencies(connection, Scope(), of.id, none, now=now)
    with pytest.raises(ObjectNotFound):
        await client.read_flow_run_graph(uuid7())


async def test_the_older_graph_lists_task_runs_with_what_they_took(
    api: httpx.AsyncClient, client: WindlassClient
) -> None:
    of = await flow_run(client)
    first = await task_run(client, of, "first")
    second = await task_run(client, of, "second", x=[first.id])
    found = (await api.get(f"/flow_runs/{of.id}/graph")).json()
    upstream = {one["id"]: [each["id"] for each in one["upstream_dependencies"]] for one in found}
    assert upstream == {str(first.id): [], str(second.id): [str(first.id)]}
    assert {one["state"]["name"] for one in found} == {"Completed"}
    assert (await api.get(f"/flow_runs/{uuid7()}/graph")).status_code == 404


async def test_logs_are_a_file_in_the_order_of_their_moments(
    api: httpx.AsyncClient, client: WindlassClient, now: datetime
) -> None:
    of = await flow_run(client, name="a name/of it")
    path = f"/flow_runs/{of.id}/logs/download"
    assert (await api.get(path)).text == ""
    moments = [now + timedelta(milliseconds=number // 2) for number in range(1_500)]
    records = [
        {
            "name": "n",
            "level": 20,
            "message": f'{number}, "quoted"\n',
            "timestamp": moment.isoformat(),
            "flow_run_id": str(of.id),
        }
        for number, moment in enumerate(moments)
    ]
    assert (await api.post("/logs/", json=records)).status_code == 201
    answer = await api.get(path)
    assert answer.headers["content-type"].startswith("text/csv")
    assert "filename=a-name-of-it-logs.csv" in answer.headers["content-disposition"]
    heading, *rows = csv.reader(answer.text.splitlines(keepends=True))
    assert heading == ["timestamp", "level", "flow_run_id", "task_run_id", "message"]
    assert len(rows) == len(records)
    assert {row[4] for row in rows} == {record["message"] for record in records}
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert (await api.get(f"/flow_runs/{uuid7()}/logs/download")).status_code == 404
