"""Events that code emits, and what they are related to."""

from datetime import timedelta

import pytest

from tests.support.fake_orchestration import FakeOrchestration
from windlass import flow, tags, task
from windlass.engine.session import Session
from windlass.events import Event, RelatedResource, emit_event
from windlass.events.clients import (
    AssertingEventsClient,
    NullEventsClient,
    events_in_socket_from_api_url,
    events_out_socket_from_api_url,
)
from windlass.events.related import related_resources_from_run_context
from windlass.ids import uuid7
from windlass.schemas import events
from windlass.schemas.base import JsonObject
from windlass.schemas.deployments import Deployment
from windlass.schemas.flow_runs import FlowRun, FlowRunCreate

CROW = {"prefect.resource.id": "a.crow", "colour": "black"}


def arrived(fake: FakeOrchestration, session: Session) -> list[events.Event]:
    assert session.outbox.drain(5)
    return fake.events


def roles(event: events.Event) -> list[tuple[str, str | None]]:
    return [(each.role, each.name) for each in event.related]


def test_an_event_arrives_as_it_was_emitted(fake: FakeOrchestration, session: Session) -> None:
    emitted = emit_event("crow.called", CROW, payload={"loud": True})
    assert emitted is not None
    [event] = arrived(fake, session)
    assert (event.id, event.occurred) == (emitted.id, emitted.occurred)
    assert (event.event, event.resource.root, event.payload) == (
        "crow.called",
        CROW,
        {"loud": True},
    )
    assert event.related == []


def test_what_is_emitted_in_a_run_is_related_to_all_around_it(
    fake: FakeOrchestration, session: Session
) -> None:
    @task
    def call() -> None:
        emit_event("in.task", CROW)

    @flow
    def walk() -> None:
        seen = {"prefect.resource.id": "a.tree", "prefect.resource.role": "tree"}
        emit_event("in.flow", CROW, related=[seen])
        call()

    with tags("loud", "bird"):
        walk()

    in_flow, in_task = arrived(fake, session)
    [run] = fake.runs.values()
    tagged = [("tag", None), ("tag", None)]
    assert roles(in_flow) == [("tree", None), ("flow-run", run.name), ("flow", "walk"), *tagged]
    [report] = fake.reports
    assert roles(in_task) == [
        ("flow-run", run.name),
        ("task-run", report.name),
        ("flow", "walk"),
        *tagged,
    ]
    assert [each.id for each in in_task.related[-2:]] == ["prefect.tag.bird", "prefect.tag.loud"]
    assert in_task.related[0].id == f"prefect.flow-run.{run.id}"


def test_what_an_event_is_about_is_not_related_to_it_again(
    fake: FakeOrchestration, session: Session
) -> None:
    @flow
    def walk() -> None:
        [run] = fake.runs.values()
        flow_id = f"prefect.flow.{run.flow_id}"
        mine = {"prefect.resource.id": flow_id, "prefect.resource.role": "mine"}
        run_id = f"prefect.flow-run.{run.id}"
        emit_event("in.flow", {"prefect.resource.id": run_id}, related=[mine])

    walk()
    [event] = arrived(fake, session)
    assert [each.role for each in event.related] == ["mine"]


def test_the_deployment_of_a_run_is_related_by_name(
    fake: FakeOrchestration, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = Deployment(id=uuid7(), name="nightly", flow_id=uuid7())
    fake.deployments[deployment.id] = deployment
    place: JsonObject = {
        "deployment_id": deployment.id,
        "work_queue_id": uuid7(),
        "work_queue_name": "default",
        "work_pool_id": uuid7(),
        "work_pool_name": "pool",
    }
    create = fake.create_flow_run

    def create_of_deployment(run: FlowRunCreate) -> FlowRun:
        made = create(run).model_copy(update=place)
        fake.runs[made.id] = made
        return made

    monkeypatch.setattr(fake, "create_flow_run", create_of_deployment)
    here: list[RelatedResource] = []

    @flow
    def walk() -> None:
        here.extend(related_resources_from_run_context({f"prefect.deployment.{deployment.id}"}))
        emit_event("in.flow", CROW)

    walk()
    [event] = arrived(fake, session)
    assert roles(event)[1:] == [
        ("flow", "walk"),
        ("deployment", "nightly"),
        ("work-queue", "default"),
        ("work-pool", "pool"),
    ]
    assert [each.role for each in here] == ["flow-run", "flow", "work-queue", "work-pool"]


@pytest.mark.parametrize(("minutes", "follows"), [(-1, False), (0, True), (4, True), (6, False)])
def test_an_event_follows_one_of_the_last_five_minutes(minutes: float, follows: bool) -> None:
    first = emit_event("first", CROW)
    assert first is not None
    later = first.occurred + timedelta(minutes=minutes)
    second = emit_event("second", CROW, occurred=later, follows=first)
    assert second is not None
    assert (second.follows == first.id) is follows


def test_a_resource_needs_an_id() -> None:
    with pytest.raises(ValueError, match=r"prefect\.resource\.id"):
        emit_event("crow.called", {"colour": "black"})


def test_a_payload_must_be_json() -> None:
    with pytest.raises(ValueError, match="serialize"):
        emit_event("crow.called", CROW, payload={"crow": object()})


def test_an_event_is_now_and_has_an_id_unless_it_says_otherwise() -> None:
    first, second = (Event.model_validate({"event": "x", "resource": CROW}) for _ in range(2))
    assert first.id != second.id
    assert first.occurred <= second.occurred


async def test_events_can_be_looked_at_in_tests() -> None:
    AssertingEventsClient.reset()
    event = Event.model_validate({"event": "x", "resource": CROW})
    async with AssertingEventsClient() as client, NullEventsClient() as nothing:
        await client.emit(event)
        await nothing.emit(event)
    assert AssertingEventsClient.last is client
    assert client.pop_events() == [event]
    assert client.pop_events() == []


def test_websockets_are_beside_http() -> None:
    assert events_in_socket_from_api_url("https://a.test/api/") == "wss://a.test/api/events/in"
    assert events_out_socket_from_api_url("http://a.test/api") == "ws://a.test/api/events/out"


def test_a_related_resource_needs_a_role() -> None:
    with pytest.raises(ValueError, match="role"):
        RelatedResource({"prefect.resource.id": "x"})
