"""J20: an installation of several API replicas behind one address, with background services.

The layout is that of the documentation: a database and a broker, replicas that serve the API only,
the background services in processes of their own, and a worker that knows one address. That the
services start automations again waits for the evaluator of triggers.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest

from tests.compat.stock_client import PATIENCE, Stock, credentials_of
from tests.support.balancer import Balancer, balancing
from tests.support.command import done, windlass
from tests.support.waiting import wait_until
from tests.support.windlass_server import AUTH_STRING, Backend, WindlassServer, make_windlass_server

pytestmark = pytest.mark.timeout(400)

in_that_layout = pytest.mark.parametrize("windlass_server", [Backend.SERVICES], indirect=True)

SCRIPT: Final = "journeys/j20_steps.py"
PAIR: Final = "admin:pw"
SERVICES: Final = ("scheduler", "triggers")
WRONG: Final = {"PREFECT_API_AUTH_STRING": "admin:guess", "PREFECT_CLIENT_CUSTOM_HEADERS": ""}


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    return {
        AUTH_STRING: PAIR,
        "WINDLASS_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "1",
        "WINDLASS_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS": "0.5",
        "WINDLASS_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "0.5",
    }


@pytest.fixture(scope="module")
def balancer(windlass_server: WindlassServer) -> Iterator[Balancer]:
    """The one address that everybody knows."""
    ports = [windlass_server.processes[name].port for name in ("api-1", "api-2")]
    with balancing(ports) as balancer:
        yield balancer


@pytest.fixture(scope="module")
def user(stock: Stock, balancer: Balancer) -> Stock:
    """Somebody who knows nothing but that address and the credentials."""
    return stock.with_settings(PREFECT_API_URL=f"{balancer.url}/api")


@in_that_layout
def test_j20_each_replica_is_healthy_and_asks_who_is_there(user: Stock, balancer: Balancer) -> None:
    for url in (*user.server.api_urls, f"{balancer.url}/api"):
        assert httpx.get(f"{url}/health").json() is True
        assert httpx.post(f"{url}/flows/filter", json={}).status_code == 401
        wrong = ("admin", "guess")
        assert httpx.post(f"{url}/flows/filter", json={}, auth=wrong).status_code == 401
        right = ("admin", "pw")
        assert httpx.post(f"{url}/flows/filter", json={}, auth=right).status_code == 200


@in_that_layout
def test_j20_who_guesses_is_refused_over_http_and_websockets(user: Stock) -> None:
    guessing = user.with_settings(**WRONG)
    assert "401" in guessing.refused("flow", "ls")
    assert "authenticate" in guessing.refused("event", "stream", "--run-once")
    with guessing.running("guess", "prefect", "event", "emit", "crow.called", "--resource-id", "a"):
        pass
    user.prefect("event", "emit", "crow.flew", "--resource-id", "a")
    asked = {"filter": {"event": {"prefix": ["crow."]}}}
    [event] = wait_until(
        lambda: user.server.post("events/filter", asked)["events"],
        timeout=PATIENCE,
        description="the event of who knows",
    )
    assert event["event"] == "crow.flew"


@in_that_layout
def test_j20_clients_go_on_without_a_replica_and_runs_without_the_services(user: Stock) -> None:
    server = user.server
    user.prefect("work-pool", "create", "fleet", "--type", "process")
    user.script(SCRIPT, "deploy")
    with user.running("worker", "prefect", "worker", "start", "--pool", "fleet") as log:
        user.prefect("deployment", "run", "steps/d")
        [run] = user.flow_runs_of("steps/d")
        user.wait_for_state(run["id"], "Running")
        _wait_for_steps(user, run["id"], more_than=0)

        assert server.processes["api-2"].stop() == 0
        _wait_for_steps(user, run["id"], more_than=_steps(user, run["id"]))
        assert "fleet" in user.prefect("work-pool", "ls")
        server.start("api-2")

        for name in SERVICES:
            assert server.processes[name].stop() == 0
        overdue = _make_schedule_and_overdue_run(user)
        (user.folder / "journeys" / "end-of-steps").touch()
        ended = user.wait_for_state(run["id"], "Completed", "Failed", "Crashed")
        assert ended["state_name"] == "Completed", log.read_text()
        assert user.flow_runs_of("steps/hourly") == []
        assert user.flow_run(overdue)["state_name"] == "Scheduled"

        server.start(*SERVICES)
        user.wait_for_state(overdue, "Late")
        wait_until(
            lambda: len(user.flow_runs_of("steps/hourly")) == 3,
            timeout=PATIENCE,
            description="the runs of the schedule",
        )
        wait_until(
            lambda: _task_states(user, run["id"]) == {"Completed"},
            timeout=PATIENCE,
            description="every step to be recorded",
        )


@in_that_layout
def test_j20_what_one_replica_is_told_the_other_one_knows(user: Stock) -> None:
    declared = '{"name": "shared", "trigger": {"type": "event", "expect": ["a"]}, "actions": []}'
    first, second = (user.with_settings(PREFECT_API_URL=url) for url in user.server.api_urls)
    first.prefect("automation", "create", "--from-json", declared)
    second.prefect("automation", "pause", "shared")
    (found,) = user.server.post(
        "automations/filter", {"automations": {"name": {"any_": ["shared"]}}}
    )
    assert found["enabled"] is False


@in_that_layout
def test_j20_everything_is_transferred_in_working_order_and_once(
    user: Stock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("staging")
    staging = make_windlass_server(Backend.EMBEDDED, folder, {})
    staging.start()
    try:
        there = Stock(staging, user.folder)
        prod = {"PREFECT_API_URL": user.settings["PREFECT_API_URL"], **credentials_of(PAIR)}
        there.commands(
            ["work-pool", "create", "vans", "--type", "process"],
            ["work-queue", "create", "fast", "-p", "vans", "-l", "4"],
            ["gcl", "create", "doors", "--limit", "2"],
            *_profile("staging", {"PREFECT_API_URL": staging.api_url}),
            *_profile("prod", prod),
        )
        there.script(SCRIPT, "fill")
        transfer = ["transfer", "--from", "staging", "--to", "prod"]
        first, again = there.with_settings(PREFECT_API_URL="").commands(transfer, transfer)
        runs = wait_until(
            lambda: there.flow_runs_of("steps/moved"), timeout=PATIENCE, description="runs there"
        )
    finally:
        staging.stop()
    # A flow is made by its name, and whoever makes one that is there is given it.
    assert "1 succeeded" in again, f"{first}{again}"
    assert "failed" not in again.lower(), again
    prod_server = user.server
    deployment = prod_server.get("deployments/name/steps/moved")
    assert (deployment["work_pool_name"], deployment["work_queue_name"]) == ("vans", "fast")
    assert [each["schedule"]["interval"] for each in deployment["schedules"]] == [86400]
    assert prod_server.get("work_pools/vans/queues/fast")["concurrency_limit"] == 4
    assert prod_server.get("variables/name/street")["value"] == "Elm"
    assert prod_server.get("v2/concurrency_limits/doors")["limit"] == 2
    restart = {"automations": {"name": {"any_": ["restart"]}}}
    [automation] = prod_server.post("automations/filter", restart)
    assert automation["actions"][0]["deployment_id"] == deployment["id"]
    ids = {"flow_runs": {"id": {"any_": [run["id"] for run in runs]}}}
    assert prod_server.post("flow_runs/count", ids) == 0, "history stays where it was made"


def test_j20_a_store_that_is_not_shared_serves_one_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(AUTH_STRING, PAIR)
    several = windlass("server", "start", "--no-services", "--workers", "4")
    assert several.code != 0
    assert "memory" in several.err
    monkeypatch.setenv("WINDLASS_SERVER_BROKER_URL", "redis://127.0.0.1:1/0")
    several = windlass("server", "start", "--no-services", "--workers", "4")
    assert several.code != 0
    assert "SQLite" in several.err


def test_j20_a_database_goes_back_a_revision_and_forth(
    fresh_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINDLASS_SERVER_DATABASE_CONNECTION_URL", fresh_postgres_url)
    done("server", "database", "upgrade", "-y")
    done("server", "database", "downgrade", "-y", "-r", "-1")
    done("server", "database", "upgrade", "-y")


def _profile(name: str, settings: dict[str, str]) -> list[list[str]]:
    """The commands that make a profile."""
    values = [f"{setting}={value}" for setting, value in settings.items()]
    return [
        ["profile", "create", name],
        *(["--profile", name, "config", "set", value] for value in values),
    ]


def _make_schedule_and_overdue_run(user: Stock) -> str:
    """The id of a run that is due and that nobody takes; and a deployment of every hour."""
    flow = user.server.get("flows/name/steps")
    schedule = {"schedule": {"interval": 3600}}
    user.server.post(
        "deployments/", {"name": "hourly", "flow_id": flow["id"], "schedules": [schedule]}
    )
    state = {
        "type": "SCHEDULED",
        "state_details": {"scheduled_time": (datetime.now(UTC) - timedelta(seconds=5)).isoformat()},
    }
    return user.server.post("flow_runs/", {"flow_id": flow["id"], "state": state})["id"]


def _steps(user: Stock, id: str) -> int:
    wanted = {
        "flow_runs": {"id": {"any_": [id]}},
        "task_runs": {"state": {"name": {"any_": ["Completed"]}}},
    }
    return user.server.post("task_runs/count", wanted)


def _wait_for_steps(user: Stock, id: str, *, more_than: int) -> None:
    wait_until(
        lambda: _steps(user, id) > more_than, timeout=PATIENCE, description="the flow to go on"
    )


def _task_states(user: Stock, id: str) -> set[Any]:
    found = user.server.post("task_runs/filter", {"flow_runs": {"id": {"any_": [id]}}})
    return {task["state_name"] for task in found}
