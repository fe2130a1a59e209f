"""J12: schedules make runs ahead of time, and no more than they promise.

What clocks that go forward and back do to each kind of schedule is in
tests/unit/schemas/test_schedules.py: no server can be told to live in March. The documentation
calls `COUNT` in an RRule unsupported; the stock server takes it, and so does this one.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until
from tests.support.windlass_server import AUTH_STRING, Backend, ServerProcess, WindlassServer

pytestmark = [
    pytest.mark.timeout(400),
    # Two schedulers need a database and a broker that they can share.
    pytest.mark.parametrize("windlass_server", [Backend.SERVICES], indirect=True),
]

SCRIPT: Final = "journeys/j12_schedules.py"
TERMS: Final[dict[str, list[Any]]] = {
    "minutely": [["interval", 60], {}],
    "secondly": [["interval", 1], {}],
    "yearly": [["cron", "0 0 1 1 *"], {}],
    "either-day": [["cron", "* * 3 1 2"], {"day_or": True}],
    "both-days": [["cron", "* * 3 1 2"], {"day_or": False}],
    "office": [["rrule", "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0", "Asia/Tokyo"], {}],
}


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    return {
        AUTH_STRING: "admin:secret",
        "WINDLASS_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "0.5",
        "WINDLASS_SERVER_SERVICES_SCHEDULER_MAX_SCHEDULED_TIME": "P400D",
    }


@pytest.fixture(scope="module", autouse=True)
def second_scheduler(windlass_server: WindlassServer) -> None:
    """Another replica of the scheduler at work, on the same deployments."""
    first = windlass_server.processes["scheduler"]
    log = first.log.with_name("scheduler-2.log")
    second = ServerProcess("scheduler-2", first.services, first.environment, log)
    windlass_server.processes[second.name] = second
    windlass_server.start(second.name)


@pytest.fixture(scope="module")
def served(stock: Stock) -> Iterator[dict[str, list[dict[str, Any]]]]:
    """The runs ahead of the deployment that is served, by the slug of the schedule."""
    with stock.running("serve", "python", SCRIPT, "serve"):
        wait_until(lambda: _is_known(stock), timeout=PATIENCE, description="the deployment")
        deployment = stock.server.get("deployments/name/send-email/my-flow")
        slugs = {each["id"]: each["slug"] for each in deployment["schedules"]}

        def by_slug() -> dict[str, list[dict[str, Any]]]:
            found: dict[str, list[dict[str, Any]]] = {slug: [] for slug in slugs.values()}
            for run in stock.flow_runs_of("send-email/my-flow"):
                found[slugs[run["created_by"]["id"]]].append(run)
            return found

        wait_until(
            lambda: all(len(runs) == 3 for runs in by_slug().values()),
            timeout=PATIENCE,
            description="three runs of each schedule",
        )
        yield by_slug()


def test_j12_each_schedule_gives_its_own_parameters_and_times(
    served: dict[str, list[dict[str, Any]]],
) -> None:
    given = {slug: {json.dumps(run["parameters"]) for run in runs} for slug, runs in served.items()}
    assert given == {
        "jim": {'{"to": "jim@x"}'},
        "dwight": {'{"to": "dwight@x", "message": "hi"}'},
        "pam": {'{"to": "pam@x"}'},
    }
    for slug, zone, hour in (
        ("jim", "America/New_York", 8),
        ("dwight", "UTC", 8),
        # Stock clients read an anchor that names no zone as one of UTC.
        ("pam", "UTC", 9),
    ):
        local = [_due(run).astimezone(ZoneInfo(zone)) for run in served[slug]]
        assert {moment.hour for moment in local} == {hour}
        assert sorted(moment.date() - local[0].date() for moment in local) == [
            timedelta(days=days) for days in range(3)
        ]


def test_j12_as_many_runs_exist_as_are_promised_and_none_twice(
    stock: Stock, windlass_server: WindlassServer
) -> None:
    before = datetime.now(UTC)
    stock.script(SCRIPT, "deploy", json.dumps(TERMS))
    _wait_for_runs(stock, "office", 3)
    times = {name: _times(stock, name) for name in TERMS}
    assert {moment.astimezone(ZoneInfo("Asia/Tokyo")).hour for moment in times["office"]} == {9}
    assert len(times["secondly"]) == 100
    # The fewest that reach an hour, and are three.
    assert len(times["minutely"]) in (60, 61)
    assert times["minutely"][-1] >= before + timedelta(hours=1)
    assert 1 <= len(times["yearly"]) < 3
    assert times["yearly"][-1] <= datetime.now(UTC) + timedelta(days=400)
    assert times["either-day"]
    assert all(
        moment.month == 1 and (moment.day == 3 or moment.weekday() == 1)
        for moment in times["either-day"]
    )
    assert all((moment.day, moment.weekday()) == (3, 1) for moment in times["both-days"])

    scheduler = windlass_server.processes["scheduler"]
    scheduler.kill()
    windlass_server.start("scheduler")
    stock.script(SCRIPT, "deploy", json.dumps({"afterwards": TERMS["office"]}))
    _wait_for_runs(stock, "afterwards", 3)
    for name, seen in times.items():
        again = _times(stock, name)
        assert len(set(again)) == len(again), f"{name} has a run twice"
        if name not in ("secondly", "minutely"):
            assert again == seen


def test_j12_a_changed_schedule_drops_what_has_not_started(stock: Stock) -> None:
    stock.script(SCRIPT, "deploy", json.dumps({"edited": TERMS["office"]}))
    _wait_for_runs(stock, "edited", 3)
    kept = json.loads(stock.script(SCRIPT, "edit", "edited").splitlines()[-1])

    def follows() -> bool:
        return len(_times(stock, "edited")) == 3 + len(kept)

    wait_until(follows, timeout=PATIENCE, description="runs of the changed schedule")
    runs = {run["id"]: run for run in stock.flow_runs_of("send-email/edited")}
    assert [runs.pop(id)["state_name"] for id in kept] == ["Running", "AwaitingRetry"]
    due = [_due(run) for run in runs.values()]
    assert {(moment.hour, moment.minute) for moment in due} == {(7, 30)}


def test_j12_schedules_are_added_replaced_and_paused_with_the_cli(stock: Stock) -> None:
    stock.script(SCRIPT, "deploy", json.dumps({"by-cli": TERMS["office"]}))
    create = ["deployment", "schedule", "create", "send-email/by-cli"]
    added = [*create, "--cron", "0 9 * * *", "--timezone", "America/New_York"]
    stock.commands(added)
    assert len(_schedules(stock)) == 2
    replaced = [*create, "--interval", "3600", "--replace", "--accept-yes"]
    stock.commands(replaced)
    (only,) = _schedules(stock)
    assert only["schedule"]["interval"] == 3600

    paused, resumed = stock.commands(
        ["--no-prompt", "deployment", "schedule", "pause", "--all"],
        ["--no-prompt", "deployment", "schedule", "resume", "--all"],
    )
    number = sum(len(found["schedules"]) for found in stock.server.post("deployments/filter", {}))
    assert f"Paused {number} deployment schedule(s)." in paused
    assert f"Resumed {number} deployment schedule(s)." in resumed
    assert all(schedule["active"] for schedule in _schedules(stock))


def test_j12_a_rule_that_is_too_long_is_refused(stock: Stock) -> None:
    stock.script(SCRIPT, "deploy", json.dumps({"refusing": TERMS["yearly"]}))
    id = stock.server.get("deployments/name/send-email/refusing")["id"]
    rule = "FREQ=DAILY;BYSETPOS=" + ",".join(["1"] * 4000)
    with stock.server.http() as client:
        answer = client.post(f"deployments/{id}/schedules", json=[{"schedule": {"rrule": rule}}])
    assert answer.status_code == 422
    assert "6500" in answer.text.replace(",", "")


def _is_known(stock: Stock) -> bool:
    with stock.server.http() as client:
        return client.get("deployments/name/send-email/my-flow").is_success


def _schedules(stock: Stock) -> list[dict[str, Any]]:
    return stock.server.get("deployments/name/send-email/by-cli")["schedules"]


def _wait_for_runs(stock: Stock, deployment: str, number: int) -> None:
    wait_until(
        lambda: len(_times(stock, deployment)) == number,
        timeout=PATIENCE,
        description=f"{number} runs of {deployment}",
    )


def _times(stock: Stock, deployment: str) -> list[datetime]:
    """When the runs of a deployment are due, in order."""
    return sorted(_due(run) for run in stock.flow_runs_of(f"send-email/{deployment}"))


def _due(run: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(run["expected_start_time"])
