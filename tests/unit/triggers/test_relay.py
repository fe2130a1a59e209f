"""The relay: what a change announced becomes an event row and a message, once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import anyio
import pytest

from tests.support.server_keeper import free_port
from windlass.client._async.client import WindlassClient
from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass.schemas.deployments import DeploymentCreate
from windlass.schemas.events import Event, ReceivedEvent
from windlass.schemas.filters.events import EventFilter
from windlass.schemas.flow_runs import DeploymentFlowRunCreate, FlowRun
from windlass.schemas.task_runs import TaskRunCreate
from windlass_services.events.intake import take_in
from windlass_services.events.rows import EVENTS_TOPIC, row_of_event
from windlass_services.orchestration.context import ServiceContext
from windlass_services.storage.events import read_events
from windlass_services.storage.paging import Window
from windlass_services.storage.scope import Scope
from windlass_services.streams.open import open_streams
from windlass_services.streams.protocol import Message
from windlass_services.streams.publisher import Publisher
from windlass_services.triggers.relay import relay


@pytest.fixture
async def deployment_id(client: WindlassClient) -> UUID:
    flow_id = await client.create_flow_from_name("flow")
    return (await client.create_deployment(DeploymentCreate(name="d", flow_id=flow_id))).id


async def stored(services: ServiceContext) -> list[ReceivedEvent]:
    """Every event row."""
    async with services.database.read() as connection:
        return await read_events(
            connection, Scope(), EventFilter(), Window(200, 0), now=services.clock()
        )


async def up_to_now(
    services: ServiceContext, live: AsyncIterator[Message], *runs: FlowRun
) -> list[str]:
    """The ids of the messages about these runs that came before the last ones, sent now."""
    last = [
        Event.model_validate(
            {
                "id": uuid7(),
                "occurred": utc_now(),
                "event": "last",
                # In the partition of what is looked for: there is no order across partitions.
                "resource": {"prefect.resource.id": f"prefect.flow-run.{run.id}"},
            }
        )
        for run in runs
    ]
    rows = [row_of_event(event, services.clock()) for event in last]
    await take_in(services.database, services.publisher, Scope(), rows)
    awaited, ids = {str(event.id) for event in last}, list[str]()
    async for message in live:
        if message.id not in awaited:
            ids.append(message.id)
        awaited.discard(message.id)
        if not awaited:
            break
    return ids


async def test_a_change_becomes_one_row_and_one_message(
    services: ServiceContext, client: WindlassClient, deployment_id: UUID
) -> None:
    async with services.streams.tail(EVENTS_TOPIC) as live:
        run = await client.create_flow_run_from_deployment(deployment_id)
        assert await relay(services, limit=10) == 1
        assert await relay(services, limit=10) == 0
        [event] = await stored(services)
        assert event.id == run.state_id
        assert event.event == "prefect.flow-run.Scheduled"
        assert await up_to_now(services, live, run) == [str(run.state_id)]


async def test_two_relays_take_each_row_once(
    services: ServiceContext, client: WindlassClient, deployment_id: UUID
) -> None:
    runs = [await client.create_flow_run_from_deployment(deployment_id) for _ in range(8)]
    taken: list[int] = []

    async def take() -> None:
        while count := await relay(services, limit=1):
            taken.append(count)

    async with services.streams.tail(EVENTS_TOPIC) as live:
        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(take)
        while count := await relay(services, limit=10):
            taken.append(count)
        assert sum(taken) == 8
        assert sorted(await up_to_now(services, live, *runs)) == sorted(
            str(run.state_id) for run in runs
        )


async def test_the_announcements_of_a_deleted_run_vanish(
    services: ServiceContext, client: WindlassClient, deployment_id: UUID
) -> None:
    gone = await client.create_flow_run_from_deployment(deployment_id)
    stays = await client.create_flow_run_from_deployment(deployment_id)
    await client.delete_flow_run(gone.id)
    await relay(services, limit=10)
    assert [event.id for event in await stored(services)] == [stays.state_id]


async def test_a_broker_that_is_away_costs_no_event(
    services: ServiceContext, client: WindlassClient, deployment_id: UUID
) -> None:
    run = await client.create_flow_run_from_deployment(deployment_id)
    away = open_streams(f"redis://127.0.0.1:{free_port()}/0")
    cut_off = replace(services, streams=away, publisher=Publisher(away))
    assert await relay(cut_off, limit=10) == 1
    await away.close()
    [event] = await stored(services)
    assert event.id == run.state_id
    assert cut_off.publisher.take_owed() == (event.received, event.received)


async def test_a_parent_shows_the_state_of_its_child(
    services: ServiceContext, client: WindlassClient, deployment_id: UUID
) -> None:
    parent = await client.create_flow_run_from_deployment(deployment_id)
    wanted = TaskRunCreate(flow_run_id=parent.id, task_key="child", dynamic_key="0")
    task_run_id = (await client.create_task_run(wanted)).id
    child = await client.create_flow_run_from_deployment(
        deployment_id, DeploymentFlowRunCreate(parent_task_run_id=task_run_id)
    )
    await relay(services, limit=10)
    shown = await client.read_task_run(task_run_id)
    assert (shown.state_id, shown.state_name) == (child.state_id, "Scheduled")
    assert shown.state is not None
    assert shown.state.state_details.child_flow_run_id == child.id
