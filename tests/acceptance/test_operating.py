"""What who runs a server looks at and can do: metrics, and dead letters, on each backend."""

import re
from itertools import count
from typing import Any, Final

import httpx
import pytest

from tests.support.command import done, windlass
from tests.support.deployed_metrics import declared_in, names_in_deploy
from tests.support.waiting import wait_until
from tests.support.windlass_server import WindlassServer
from windlass.clock import utc_now
from windlass.ids import uuid7

pytestmark = pytest.mark.usefixtures("api")

NUMBERS: Final = count()


def page_of(server: WindlassServer, name: str) -> str:
    """What a process exports."""
    return httpx.get(f"{server.processes[name].url}/metrics", timeout=10).text


def sample(page: str, series: str) -> float | None:
    """The value of a series, if it is there."""
    found = re.search(rf"^{re.escape(series)} (\S+)$", page, re.MULTILINE)
    return float(found[1]) if found else None


def report(server: WindlassServer, id: str, key: str, flow_run_id: str) -> None:
    """A task run as our client reports it, completed."""
    state = {"id": str(uuid7()), "type": "COMPLETED", "name": "Completed", "run_count": 1}
    sent = {
        "id": id,
        "task_key": "task",
        "dynamic_key": key,
        "name": "task-0",
        "flow_run_id": flow_run_id,
        "states": [state | {"timestamp": utc_now().isoformat()}],
    }
    assert server.post("task_runs/report", {"reports": [sent]}) == {"accepted": 1}


def is_recorded(server: WindlassServer, id: str) -> bool:
    with server.http() as client:
        return client.get(f"task_runs/{id}").is_success


def letters() -> dict[str, Any]:
    """The dead letters that the command lists, by the task run that they are about."""
    listed = done("server", "dead-letters", "ls", "--topic", "events", "-o", "json").json
    return {letter["key"].removeprefix("prefect.task-run."): letter for letter in listed}


@pytest.fixture
def poisoned(windlass_server: WindlassServer) -> tuple[str, str]:
    """Two task runs of one key, of which only the first can be recorded."""
    server, key = windlass_server, str(next(NUMBERS))
    flow = server.post("flows/", {"name": "flow"})
    flow_run = server.post("flow_runs/", {"flow_id": flow["id"]})["id"]
    first, second = str(uuid7()), str(uuid7())
    report(server, first, key, flow_run)
    report(server, second, key, flow_run)
    wait_until(lambda: second in letters(), description="the dead letter")
    return first, second


def test_everything_that_rules_ask_for_is_exported(windlass_server: WindlassServer) -> None:
    pages = [page_of(windlass_server, name) for name in windlass_server.processes]
    assert names_in_deploy() <= declared_in("".join(pages))
    measuring = [page for page in pages if "windlass_metrics_age_seconds" in page]
    assert len(measuring) == 1


def test_a_dead_letter_is_recorded_when_its_reason_is_gone(
    windlass_server: WindlassServer, poisoned: tuple[str, str]
) -> None:
    first, second = poisoned
    letter = letters()[second]
    assert "A task run with this dynamic key exists" in letter["reason"]
    assert letter["body"]["event"] == "prefect.task-run.Completed"
    shown = done("server", "dead-letters", "ls").out
    assert letter["id"] in shown
    assert not is_recorded(windlass_server, second)
    with windlass_server.http() as client:
        client.delete(f"task_runs/{first}").raise_for_status()
    said = done("server", "dead-letters", "redrive", letter["id"]).out
    assert said == "Sent 1 dead letters again.\n"
    wait_until(lambda: is_recorded(windlass_server, second), description="the task run")
    assert second not in letters()


def test_a_dead_letter_that_fails_again_comes_back_and_is_counted(
    windlass_server: WindlassServer, poisoned: tuple[str, str]
) -> None:
    _, second = poisoned
    consuming = list(windlass_server.processes)[-1]
    series = 'windlass_dead_letters_total{topic="events"}'
    counted = sample(page_of(windlass_server, consuming), series)
    assert counted
    before = letters()[second]["at"]
    done("server", "dead-letters", "redrive", "--all", "--topic", "events")

    def is_back() -> bool:
        again = letters().get(second)
        return again is not None and again["at"] > before

    wait_until(is_back, description="the dead letter to come back")
    assert (sample(page_of(windlass_server, consuming), series) or 0) > counted
    assert windlass("server", "dead-letters", "redrive", str(uuid7())).code == 1
    assert windlass("server", "dead-letters", "redrive").code == 2
    assert "no topic 'else'" in windlass("server", "dead-letters", "ls", "--topic", "else").err
