"""`kill -9` of the evaluator in the middle of events: every firing, and none twice."""

from collections.abc import Callable
from typing import Any, Final

import httpx
import pytest

from tests.support.waiting import wait_until
from tests.support.windlass_server import SECONDS_TO_START, Backend, WindlassServer
from windlass.clock import utc_now
from windlass.ids import uuid7

pytestmark = pytest.mark.timeout(180)

RESOURCES: Final = 6
EACH: Final = 10
ID: Final = "prefect.resource.id"


def automate(server: WindlassServer, **trigger: Any) -> str:
    """The id of an automation."""
    said: dict[str, Any] = {"name": "a", "trigger": {"type": "event", **trigger}, "actions": []}
    return server.post("automations/", said)["id"]


def send(server: WindlassServer, name: str, resource: int) -> None:
    """An event, which is sent until it is there: twice, if the answer was lost."""
    event: dict[str, Any] = {"event": name, "resource": {ID: f"thing.{resource}"}}
    event |= {"id": str(uuid7()), "occurred": utc_now().isoformat()}

    def is_sent() -> bool:
        with server.http() as client:
            try:
                return client.post("events", json=[event]).is_success
            except httpx.TransportError:
                return False

    wait_until(is_sent, timeout=40, description="an event to be sent")


def number_of_firings(server: WindlassServer, automation_id: str) -> int:
    asked = {
        "event": {"name": ["prefect.automation.triggered"]},
        "resource": {"id": [f"prefect.automation.{automation_id}"]},
    }
    return server.post("events/filter", {"filter": asked})["total"]


def test_a_killed_evaluator_loses_no_firing_and_repeats_none(
    own_windlass_server: WindlassServer,
) -> None:
    server = own_windlass_server
    name = "server" if server.backend is Backend.EMBEDDED else "triggers"
    process = server.processes[name]
    expected = {
        automate(server, expect=["step"]): RESOURCES * EACH,
        automate(server, expect=["step"], for_each=[ID], threshold=EACH, within=3600): RESOURCES,
        automate(
            server, after=["begun"], expect=["done"], for_each=[ID], posture="Proactive", within=10
        ): RESOURCES // 2,
    }
    for resource in range(RESOURCES):
        send(server, "begun", resource)
    for number in range(EACH):
        for resource in range(RESOURCES):
            send(server, "step", resource)
        if number == EACH // 2:
            process.kill()
            process.start()
    wait_until(process.is_ready, timeout=SECONDS_TO_START, description=name)
    for resource in range(0, RESOURCES, 2):
        send(server, "done", resource)
    # Windows are being closed, and firings told of, while it dies.
    wait_until(any_fired(server, [*expected][2]), timeout=60, description="silence to be noticed")
    process.kill()
    process.start()
    wait_until(process.is_ready, timeout=SECONDS_TO_START, description=name)

    def fired() -> dict[str, int]:
        return {id: number_of_firings(server, id) for id in expected}

    wait_until(lambda: fired() == expected, timeout=60, description=f"{expected} firings")
    last = automate(server, expect=["last"])
    for resource in range(RESOURCES):
        send(server, "last", resource)
    everything = {**expected, last: RESOURCES}
    wait_until(any_fired(server, last, RESOURCES), timeout=60, description="the last ones")
    assert {id: number_of_firings(server, id) for id in everything} == everything


def any_fired(server: WindlassServer, automation_id: str, times: int = 1) -> Callable[[], bool]:
    return lambda: number_of_firings(server, automation_id) >= times
