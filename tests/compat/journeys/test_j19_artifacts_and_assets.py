"""J19: what tasks leave for people to look at, and the assets they make out of others."""

import json
from collections import Counter
from typing import Any, Final

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until
from tests.support.windlass_server import AUTH_STRING

pytestmark = pytest.mark.timeout(300)

RAW: Final = "file://dir/raw.csv"
CLEAN: Final = "s3://b/clean.csv"
USERS: Final = "postgres://db/users"
SUCCEEDED: Final = "prefect.asset.materialization.succeeded"
FAILED: Final = "prefect.asset.materialization.failed"
REFERENCED: Final = "prefect.asset.referenced"


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    return {AUTH_STRING: "admin:secret"}


@pytest.fixture(scope="module")
def seen(stock: Stock) -> dict[str, Any]:
    """The ids of what the script made."""
    return json.loads(stock.script("journeys/j19_assets.py").splitlines()[-1])


@pytest.fixture(scope="module")
def events(stock: Stock, seen: dict[str, Any]) -> list[dict[str, Any]]:
    """What happened to assets, once all of it is told."""
    assert seen
    asked = {"filter": {"event": {"prefix": ["prefect.asset."]}, "order": "ASC"}, "limit": 50}

    def told() -> list[dict[str, Any]]:
        found = stock.server.post("events/filter", asked)["events"]
        return found if any(event["event"] == FAILED for event in found) else []

    return wait_until(told, timeout=PATIENCE, description="the events of assets")


def test_j19_progress_is_one_artifact_that_changes(stock: Stock, seen: dict[str, Any]) -> None:
    found = stock.server.get(f"artifacts/{seen['progress']}")
    assert (found["data"], found["description"], found["key"]) == (100, "p", None)
    kinds = {"artifacts": {"type": {"any_": ["progress"]}}}
    assert stock.server.post("artifacts/count", kinds) == 1


def test_j19_an_artifact_without_a_key_is_on_its_run_only(
    stock: Stock, seen: dict[str, Any]
) -> None:
    latest = stock.server.post("artifacts/latest/filter", {})
    assert [each["key"] for each in latest] == ["report"]
    unkeyed = stock.server.get(f"artifacts/{seen['unkeyed']}")
    of_run = {"artifacts": {"flow_run_id": {"any_": [unkeyed["flow_run_id"]]}}}
    on_run = {each["id"] for each in stock.server.post("artifacts/filter", of_run)}
    assert on_run >= {seen["unkeyed"], seen["progress"], *seen["tables"]}


def test_j19_a_table_is_a_list_of_rows_or_columns(stock: Stock, seen: dict[str, Any]) -> None:
    tables = [stock.server.get(f"artifacts/{id}")["data"] for id in seen["tables"]]
    assert [json.loads(table) for table in tables] == [
        [{"a": 1}],
        [[1, 2], [3, 4]],
        {"a": [1, 2]},
    ]


def test_j19_each_artifact_of_a_key_is_a_version_until_all_are_deleted(
    stock: Stock, seen: dict[str, Any]
) -> None:
    assert seen
    keyed = {"artifacts": {"key": {"any_": ["report"]}}, "sort": "CREATED_DESC"}
    newest, oldest = stock.server.post("artifacts/filter", keyed)
    assert stock.server.get("artifacts/report/latest")["id"] == newest["id"]
    (said,) = stock.commands(["artifact", "inspect", "report", "--output", "json"])
    assert {each["id"] for each in json.loads(said)} == {newest["id"], oldest["id"]}


def test_j19_what_is_made_and_what_it_is_made_of_are_events(
    events: list[dict[str, Any]],
) -> None:
    told = Counter((event["event"], event["resource"]["prefect.resource.id"]) for event in events)
    assert told[SUCCEEDED, RAW] == 2
    assert told[SUCCEEDED, CLEAN] == 1
    assert told[SUCCEEDED, "s3://b/dev/clean.csv"] == 1
    assert told[FAILED, CLEAN] == 1
    assert told[SUCCEEDED, "s3://b/cached.csv"] == 1, "what is cached is not made again"
    assert (told[REFERENCED, RAW], told[REFERENCED, USERS]) == (3, 3)
    raw = next(e for e in events if (e["event"], _resource(e)) == (SUCCEEDED, RAW))
    assert raw["payload"]["rows"] == 2
    roles = {each["prefect.resource.role"] for each in raw["related"]}
    assert roles >= {"flow-run", "flow", "task-run"}


def test_j19_a_failure_names_the_assets_it_was_made_of(events: list[dict[str, Any]]) -> None:
    [failed] = [event for event in events if event["event"] == FAILED]
    assets = {
        each["prefect.resource.id"]
        for each in failed["related"]
        if each["prefect.resource.role"] == "asset"
    }
    assert assets == {RAW, USERS}


def test_j19_a_deleted_key_is_gone(stock: Stock, seen: dict[str, Any]) -> None:
    made = [stock.server.post("artifacts/", {"key": "gone", "data": n}) for n in (1, 2)]
    stock.prefect("--no-prompt", "artifact", "delete", "gone")
    assert seen
    with stock.server.http() as client:
        paths = [*(f"artifacts/{each['id']}" for each in made), "artifacts/gone/latest"]
        assert [client.get(path).status_code for path in paths] == [404, 404, 404]


def _resource(event: dict[str, Any]) -> str:
    return event["resource"]["prefect.resource.id"]
