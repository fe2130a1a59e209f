"""Automations as the evaluator fires them, from the broker and from the table."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeAlias

import anyio
import httpx
import pytest

from tests.support.redis import flush
from tests.support.waiting import await_until
from tests.unit.triggers.at_work import triggers
from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass_services.events.rows import EVALUATOR, EVENTS_TOPIC
from windlass_services.orchestration.context import ServiceContext
from windlass_services.streams.memory import MemoryStreams
from windlass_services.streams.open import open_streams
from windlass_services.triggers.deadlines import fire_overdue, open_standing
from windlass_services.triggers.evaluator import Evaluator
from windlass_services.triggers.watching import WatchedAutomations

pytestmark = pytest.mark.timeout(60)

Json: TypeAlias = dict[str, Any]
RESOURCE = "prefect.resource.id"


async def automate(api: httpx.AsyncClient, name: str = "a", **trigger: Any) -> str:
    """The id of an automation."""
    said: Json = {"name": name, "trigger": {"type": "event", **trigger}, "actions": []}
    made = await api.post("/automations/", json=said)
    assert made.status_code == 201, made.text
    return made.json()["id"]


def event(name: str, resource: str = "thing", **said: Any) -> Json:
    fixed = {"id": str(uuid7()), "occurred": utc_now().isoformat(), "event": name}
    return fixed | {"resource": {RESOURCE: resource}, "payload": {"n": 1}} | said


async def send(api: httpx.AsyncClient, *events: Json) -> None:
    assert (await api.post("/events", json=list(events))).status_code == 204


async def firings(api: httpx.AsyncClient, automation_id: str) -> list[Json]:
    """What it fired, the first one first."""
    a_day = timedelta(days=1)  # clocks are ahead here and there
    asked = {
        "occurred": {"since": str(utc_now() - a_day), "until": str(utc_now() + a_day)},
        "event": {"name": ["prefect.automation.triggered"]},
        "resource": {"id": [f"prefect.automation.{automation_id}"]},
        "order": "ASC",
    }
    answer = await api.post("/events/filter", json={"filter": asked})
    assert answer.status_code == 200, answer.text
    return answer.json()["events"]


async def fired(api: httpx.AsyncClient, automation_id: str, times: int = 1) -> list[Json]:
    """Wait until it fired so often."""

    async def is_so() -> bool:
        return len(await firings(api, automation_id)) >= times

    await await_until(is_so, timeout=20, description=f"{times} firings")
    return await firings(api, automation_id)


def wire(*events: Json) -> list[Json]:
    """Events as messages have them."""
    now = utc_now().isoformat()
    return [{"related": [], "follows": None, **one, "received": now} for one in events]


async def evaluate(services: ServiceContext, *events: Json) -> None:
    await Evaluator(services, WatchedAutomations(services)).evaluate(wire(*events))


async def look(services: ServiceContext, *, seconds: float) -> None:
    """One pass over the deadlines, so many seconds later."""
    later = replace(services, clock=lambda: utc_now() + timedelta(seconds=seconds))
    matcher = await WatchedAutomations(services).current()
    await open_standing(services, matcher)
    await fire_overdue(later, matcher, limit=10)


async def test_an_event_fires_what_waits_for_it_as_stock_servers_tell(
    services: ServiceContext, api: httpx.AsyncClient
) -> None:
    async with triggers(services):
        id = await automate(
            api, "name", expect=["seen"], for_each=["x", "related:r:y"], match={RESOURCE: "th*"}
        )
        sent = event("seen", related=[{RESOURCE: "q", "prefect.resource.role": "r", "y": "1"}])
        await send(api, event("seen", "other"), sent)
        [firing] = await fired(api, id)
    assert firing["event"] == "prefect.automation.triggered"
    assert firing["resource"] == {
        RESOURCE: f"prefect.automation.{id}",
        "prefect.resource.name": "name",
        "prefect.posture": "Reactive",
    }
    assert firing["related"] == [
        {RESOURCE: f"prefect.event.{sent['id']}", "prefect.resource.role": "triggering-event"}
    ]
    assert firing["payload"]["triggering_labels"] == {"x": "", "related:r:y": "1"}
    triggering = firing["payload"]["triggering_event"]
    assert triggering | sent | {"occurred": triggering["occurred"]} == triggering
    assert firing["follows"] is None


@pytest.mark.parametrize("within", [0, 60])
async def test_a_repeated_event_counts_once(
    services: ServiceContext, api: httpx.AsyncClient, within: int
) -> None:
    many = await automate(api, expect=["seen"], threshold=3, within=within)
    each = await automate(api, expect=["seen"])
    first, second, third = (event("seen") for _ in range(3))
    await evaluate(services, first, second, first)
    await evaluate(services, second)
    assert await firings(api, many) == []
    await evaluate(services, third)
    await evaluate(services, third, first)
    assert len(await firings(api, many)) == 1
    assert len(await firings(api, each)) == 3


async def test_replicas_that_race_fire_once(
    services: ServiceContext, api: httpx.AsyncClient
) -> None:
    id = await automate(api, expect=["seen"], threshold=10, within=60)
    events = [event("seen") for _ in range(10)]
    async with anyio.create_task_group() as tasks:
        for first in range(4):
            tasks.start_soon(evaluate, services, *events[first:], *events[:first])
    assert len(await firings(api, id)) == 1


async def test_what_was_received_before_an_automation_was_changed_does_not_count(
    services: ServiceContext, api: httpx.AsyncClient
) -> None:
    before = wire(event("seen"))
    id = await automate(api, expect=["seen"], threshold=2, within=60)
    watched = WatchedAutomations(services)
    evaluator = Evaluator(services, watched)
    between = wire(event("seen"))
    await evaluator.evaluate([*before, *between])
    assert await firings(api, id) == []
    # It knows of the change at once, without being told.
    for enabled in (False, True):
        await api.patch(f"/automations/{id}", json={"enabled": enabled})
    await evaluator.evaluate([*between, *wire(event("seen"))])
    assert await firings(api, id) == []
    await evaluator.evaluate(wire(event("seen")))
    assert len(await firings(api, id)) == 1


async def test_an_automation_that_changes_under_way_is_read_again(
    services: ServiceContext, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await automate(api, expect=["seen"])
    watched = WatchedAutomations(services)
    stale = await watched.current()
    await api.patch(f"/automations/{id}", json={"enabled": False})

    async def current() -> object:
        return stale

    monkeypatch.setattr(watched, "current", current)
    await Evaluator(services, watched).evaluate(wire(event("seen")))
    assert await firings(api, id) == []


async def test_silence_fires_once_whoever_looks(
    services: ServiceContext, api: httpx.AsyncClient
) -> None:
    id = await automate(
        api, after=["begun"], expect=["done"], for_each=[RESOURCE], posture="Proactive", within=10
    )
    silent = event("begun", "silent")
    await send(api, silent)
    await evaluate(services, silent, event("begun", "done"), event("done", "done"))
    await look(services, seconds=5)
    assert await firings(api, id) == []
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(lambda: look(services, seconds=25))
    await look(services, seconds=60)
    [firing] = await firings(api, id)
    assert firing["payload"]["triggering_labels"] == {RESOURCE: "silent"}
    assert firing["payload"]["triggering_event"]["id"] == silent["id"]
    assert firing["resource"]["prefect.posture"] == "Proactive"


@pytest.mark.parametrize("for_each", [[RESOURCE], []])
async def test_what_is_stored_prevents_a_firing_before_it_is_evaluated(
    services: ServiceContext, api: httpx.AsyncClient, for_each: list[str]
) -> None:
    id = await automate(
        api, after=["beg*"], expect=["don*"], for_each=for_each, posture="Proactive", within=10
    )
    await evaluate(services, event("begun"))
    await send(api, event("done"))
    await look(services, seconds=30)
    assert await firings(api, id) == []


async def test_a_trigger_that_waits_for_everything_begins_with_its_automation(
    services: ServiceContext, api: httpx.AsyncClient
) -> None:
    id = await automate(api, expect=["beat"], posture="Proactive", within=10)
    await look(services, seconds=5)
    assert await firings(api, id) == []
    await look(services, seconds=11)
    await look(services, seconds=12)
    [firing] = await firings(api, id)
    assert firing["payload"] == {"triggering_labels": {}, "triggering_event": None}
    assert firing["related"] == []
    await look(services, seconds=21)
    assert len(await firings(api, id)) == 2


async def test_firings_do_not_go_round(services: ServiceContext, api: httpx.AsyncClient) -> None:
    async with triggers(services):
        ids = [
            await automate(api, expect=names, match={RESOURCE: ["thing", "prefect.automation.*"]})
            for names in ([], ["prefect.automation.*", "seen"], ["prefect.automation.triggered"])
        ]
        await send(api, event("seen"))
        # Each goes on with what the others began, and is in no chain twice.
        for id, count in zip(ids, (3, 3, 4), strict=True):
            await fired(api, id, count)

        async def is_over() -> bool:
            return await services.streams.lag(EVENTS_TOPIC, EVALUATOR) == 0

        await await_until(is_over, timeout=20, description="everything to be evaluated")
    assert [len(await firings(api, id)) for id in ids] == [3, 3, 4]


async def test_an_evaluator_that_is_new_reads_the_table_since_the_automations(
    services: ServiceContext, api: httpx.AsyncClient
) -> None:
    await send(api, event("seen"))
    id = await automate(api, expect=["seen"])
    await send(api, event("seen"))
    if services.streams.replicated:
        flush(services.settings.server.broker_url)
        emptied = services
    else:
        emptied = replace(services, streams=open_streams("memory://"))
    async with triggers(emptied):
        await fired(api, id)
        await send(api, event("seen"))
    assert len(await firings(api, id)) == 1


async def test_without_automations_nothing_is_read(
    services: ServiceContext, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups: set[str] = set()
    read = type(services.streams).read

    async def noted(self: MemoryStreams, topic: str, group: str, *a: Any, **k: Any) -> Any:
        groups.add(group)
        return await read(self, topic, group, *a, **k)

    monkeypatch.setattr(type(services.streams), "read", noted)

    async with triggers(services):
        await send(api, event("seen"))

        async def is_recording() -> bool:
            return bool(groups)

        await await_until(is_recording, description="the recorder to read")
        assert EVALUATOR not in groups
        id = await automate(api, expect=["seen"])
        await send(api, event("seen"))
        await fired(api, id)
    assert EVALUATOR in groups
