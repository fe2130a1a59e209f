"""The stock SDK and CLI keep variables and artifacts on a Windlass server."""

import json
from typing import Any

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def seen(stock: Stock) -> dict[str, Any]:
    """What the script saw."""
    return json.loads(stock.script("records.py").splitlines()[-1])


def test_variables_are_set_read_overwritten_and_unset(stock: Stock, seen: dict[str, Any]) -> None:
    assert seen["crew"] == ["Z", {"a": None}]
    assert seen["taken"].startswith("Variable 'crew' already exists")
    assert (seen["default"], seen["overwritten"], seen["unset"]) == (5, None, [True, False])
    assert seen["resolved"] == {"r": "eu-1"}
    assert stock.server.get("variables/name/region")["value"] == "eu"


def test_artifacts_are_kept_with_the_runs_that_made_them(
    stock: Stock, seen: dict[str, Any]
) -> None:
    first, second = (stock.server.get(f"artifacts/{seen[of]}") for of in ("in_flow", "in_task"))
    assert (first["data"], first["description"], first["task_run_id"]) == ("# One", "first", None)
    assert first["flow_run_id"] == second["flow_run_id"]
    assert second["task_run_id"] is not None
    assert seen["latest"] == "# Two"
    assert (seen["found"], seen["made"], seen["missing"]) == (False, True, None)
    latest = stock.server.post("artifacts/latest/filter", {"sort": "KEY_ASC"})
    assert {one["key"]: one["data"] for one in latest} == {
        "image": "https://example.com/a.png",
        "link": "[there](https://example.com)",
        "new": '"x"',
        "progress": 100,
        "report": "# Two",
        "table": '[{"a": 1}]',
    }


def test_what_happened_to_artifacts_is_told_in_events(stock: Stock, seen: dict[str, Any]) -> None:
    asked = {"filter": {"resource": {"id": [f"prefect.artifact.{seen['in_task']}"]}}}

    def told() -> list[dict[str, Any]]:
        return stock.server.post("events/filter", asked)["events"]

    [event] = wait_until(told, timeout=PATIENCE, description="the artifact's event")
    assert event["event"] == "prefect.artifact.created"
    roles = {related["prefect.resource.role"] for related in event["related"]}
    assert {"flow-run", "task-run", "flow"} <= roles


def test_the_command_line_manages_variables(stock: Stock) -> None:
    _, got, listed, inspected, *_ = stock.commands(
        ["variable", "set", "cargo", '{"a": [1]}', "--tag", "heavy"],
        ["variable", "get", "cargo"],
        ["variable", "ls"],
        ["variable", "inspect", "cargo", "--output", "json"],
        ["variable", "set", "cargo", "gold", "--overwrite"],
    )
    assert json.loads(got) == {"a": [1]}
    assert "cargo" in listed
    assert json.loads(inspected)["tags"] == ["heavy"]
    assert stock.server.get("variables/name/cargo")["value"] == "gold"
    stock.commands(["variable", "unset", "cargo"])
    assert "cargo" not in stock.prefect("variable", "ls")


def test_the_command_line_looks_at_artifacts_and_deletes_them(
    stock: Stock, seen: dict[str, Any]
) -> None:
    latest, everything, versions = stock.commands(
        ["artifact", "ls"],
        ["artifact", "ls", "--all"],
        ["artifact", "inspect", "report", "--output", "json"],
    )
    assert seen["in_task"] in everything
    assert seen["in_flow"] in everything
    assert seen["in_flow"] not in latest
    assert {version["id"] for version in json.loads(versions)} == {
        seen["in_flow"],
        seen["in_task"],
    }
    made = stock.server.post("artifacts/", {"key": "short-lived"})
    other = stock.server.post("artifacts/", {"type": "t"})
    stock.commands(
        ["artifact", "delete", "short-lived"], ["artifact", "delete", "--id", other["id"]]
    )
    ids = {"artifacts": {"id": {"any_": [made["id"], other["id"]]}}}
    assert stock.server.post("artifacts/count", ids) == 0
