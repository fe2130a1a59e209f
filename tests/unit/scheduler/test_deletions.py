"""The scheduler clears what was of deleted objects."""

import pytest

from windlass.client._async.client import WindlassClient
from windlass.exceptions import ObjectNotFound
from windlass.schemas.filters.queries import FlowRunQuery
from windlass.schemas.flow_runs import FlowRunCreate
from windlass.schemas.states import StateCreate, StateType
from windlass_services.orchestration.context import ServiceContext
from windlass_services.scheduler.loops.deletions import clear_deleted
from windlass_services.storage import run_deletion


async def test_the_runs_of_a_deleted_flow_go_in_the_background(
    services: ServiceContext, client: WindlassClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_deletion, "RUNS_AT_ONCE", 1)
    flow_id = await client.create_flow_from_name("flow")
    over = StateCreate(type=StateType.COMPLETED)
    for _ in range(3):
        await client.create_flow_run(FlowRunCreate(flow_id=flow_id, state=over))
    await client.delete_flow(flow_id)
    with pytest.raises(ObjectNotFound):
        await client.read_flow(flow_id)
    assert len(await client.read_flow_runs(FlowRunQuery())) == 2
    passes = [await clear_deleted(services) for _ in range(4)]
    assert passes == [1, 1, 1, 0]
    assert await client.read_flow_runs(FlowRunQuery()) == []
