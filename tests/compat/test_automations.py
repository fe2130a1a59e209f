"""Automations, triggers of deployments and events with the stock SDK and CLI."""

import json
from typing import Any

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(400)

DECLARED = {
    "name": "from-the-cli",
    "trigger": {"type": "event", "posture": "Reactive", "expect": ["crow.called"]},
    "actions": [{"type": "cancel-flow-run"}],
}


def events_named(stock: Stock, name: str) -> list[dict[str, Any]]:
    return stock.server.post("events/filter", {"filter": {"event": {"name": [name]}}})["events"]


def test_automations_are_objects_of_the_stock_sdk(stock: Stock) -> None:
    seen = json.loads(stock.script("automations.py", "mine").splitlines()[-1])
    deployment = seen.pop("deployment")
    assert seen == {
        "found": True,
        "updated": ["about crows", ["run-deployment"]],
        "disabled": False,
        "enabled": True,
        "deleted": True,
    }
    resource = f"prefect.deployment.{deployment}"
    found = stock.server.get(f"automations/related-to/{resource}")
    assert [each["name"] for each in found] == ["mine__automation_1", "mine-compound"]
    assert found[0]["actions"][0]["deployment_id"] == deployment

    def arrived() -> list[dict[str, Any]]:
        return events_named(stock, "crow.called")

    [event] = wait_until(arrived, timeout=PATIENCE, description="the event of the flow")
    assert event["resource"] == {"prefect.resource.id": "crow.bob"}
    roles = [each["prefect.resource.role"] for each in event["related"]]
    assert roles == ["flow-run", "flow"]


def test_automations_are_managed_with_the_stock_cli(stock: Stock) -> None:
    one = json.dumps(DECLARED)
    made, listed, inspected, *_ = stock.commands(
        ["automation", "create", "--from-json", one],
        ["automation", "ls"],
        ["automation", "inspect", "from-the-cli", "--json"],
        ["automation", "pause", "from-the-cli"],
    )
    assert "from-the-cli" in made
    assert "from-the-cli" in listed
    (found,) = json.loads(inspected)
    assert found["trigger"]["expect"] == ["crow.called"]
    path = f"automations/{found['id']}"
    assert not stock.server.get(path)["enabled"]
    stock.commands(["automation", "resume", "from-the-cli"])
    assert stock.server.get(path)["enabled"]
    count = stock.server.post("automations/count")
    stock.commands(["automation", "delete", "from-the-cli"])
    assert stock.server.post("automations/count") == count - 1


def test_events_are_emitted_and_streamed_with_the_stock_cli(stock: Stock) -> None:
    with stock.running("stream", "prefect", "event", "stream", "--format", "json") as log:
        stock.prefect("event", "emit", "crow.flew", "--resource-id", "a.crow", "-p", '{"far": 1}')

        def told() -> bool:
            return '"crow.flew"' in log.read_text().replace("'", '"')

        wait_until(told, timeout=PATIENCE, description="the event in the stream")
    [event] = events_named(stock, "crow.flew")
    assert (event["resource"], event["payload"]) == ({"prefect.resource.id": "a.crow"}, {"far": 1})
