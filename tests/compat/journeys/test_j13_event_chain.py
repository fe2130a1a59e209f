"""J13: deployments that events of other runs and of the outside start.

What is declared arrives as it was written, and the events carry what triggers match. That the
triggers fire, how often, and what their templates make of a payload waits for the evaluator.
"""

import json
import shutil
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until
from tests.support.windlass_server import AUTH_STRING

pytestmark = pytest.mark.timeout(300)

PROJECT: Final = "journeys/j13_project"
UP: Final = "upstream/up"


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    return {AUTH_STRING: "admin:secret"}


@pytest.fixture(scope="module")
def served(stock: Stock) -> Iterator[dict[str, str]]:
    """The ids of the deployments that are served, by name, while they are."""
    names = {"up": UP, "down": "downstream/down", "hook": "process-webhook/hook"}

    def ids() -> dict[str, str]:
        found = stock.server.post("deployments/filter", {})
        known = {each["name"]: each["id"] for each in found}
        return known if known.keys() >= names.keys() else {}

    with stock.running("serve", "python", f"{PROJECT}/chain.py", "serve"):
        yield wait_until(ids, timeout=PATIENCE, description="the deployments")


def test_j13_triggers_of_served_deployments_are_automations(
    stock: Stock, served: dict[str, str]
) -> None:
    [down] = wait_until(
        lambda: _automations(stock, served["down"]), timeout=PATIENCE, description="a trigger"
    )
    assert down["trigger"]["expect"] == ["prefect.flow-run.Completed"]
    assert down["trigger"]["match_related"] == {"prefect.resource.name": "up"}
    assert (down["trigger"]["posture"], down["trigger"]["threshold"]) == ("Reactive", 1)
    [hook] = wait_until(
        lambda: _automations(stock, served["hook"]), timeout=PATIENCE, description="a trigger"
    )
    [action] = hook["actions"]
    assert (action["type"], action["source"]) == ("run-deployment", "selected")
    assert action["deployment_id"] == served["hook"]
    template = {"__prefect_kind": "jinja", "template": "{{ event.payload | tojson }}"}
    assert action["parameters"] == {"payload": {"__prefect_kind": "json", "value": template}}


def test_j13_an_automation_keeps_the_parameters_it_hands_on(
    stock: Stock, served: dict[str, str]
) -> None:
    said = stock.script(f"{PROJECT}/chain.py", "automate", served["down"])
    assert json.loads(said.splitlines()[-1]) is True
    found = stock.server.get("automations/related-to/prefect.deployment." + served["down"])
    assert "alpha-to-beta" in [each["name"] for each in found]


def test_j13_the_end_of_a_run_is_an_event_that_names_where_it_came_from(
    stock: Stock, served: dict[str, str]
) -> None:
    stock.commands(["deployment", "run", UP], ["deployment", "run", UP, "--param", "fail=true"])
    ends = [_end_of(stock, name) for name in ("Completed", "Failed")]
    for event in ends:
        related = {each["prefect.resource.role"]: each for each in event["related"]}
        assert related.keys() == {"flow", "deployment", "tag"}
        assert related["flow"]["prefect.resource.name"] == "upstream"
        assert related["deployment"]["prefect.resource.id"] == f"prefect.deployment.{served['up']}"
        assert related["deployment"]["prefect.resource.name"] == "up"
        assert related["tag"]["prefect.resource.id"] == "prefect.tag.nightly"


def test_j13_an_event_from_outside_is_kept_with_its_payload(
    stock: Stock, served: dict[str, str]
) -> None:
    resource = f"prefect.deployment.{served['hook']}"
    payload = {"user_id": "123", "action": "created"}
    emit = ["event", "emit", "api.webhook.received", "--resource-id", resource]
    stock.prefect(*emit, "--payload", json.dumps(payload))
    asked = {"filter": {"event": {"name": ["api.webhook.received"]}}}

    def arrived() -> list[dict[str, Any]]:
        return stock.server.post("events/filter", asked)["events"]

    [event] = wait_until(arrived, timeout=PATIENCE, description="the event")
    assert (event["resource"]["prefect.resource.id"], event["payload"]) == (resource, payload)


def test_j13_triggers_of_a_project_and_of_the_command_that_goes_before_it(stock: Stock) -> None:
    shutil.copytree(stock.folder / PROJECT, stock.folder, dirs_exist_ok=True)
    stock.commands(
        ["work-pool", "create", "chains", "--type", "process"],
        ["--no-prompt", "deploy", "--all"],
    )
    pooled = stock.server.get("deployments/name/upstream/pooled")["id"]
    [declared] = _automations(stock, pooled)
    assert declared["trigger"]["expect"] == ["prefect.flow-run.Failed"]
    assert declared["actions"][0]["parameters"] == {"name": "{{ event.id }}"}
    stock.commands(
        ["--no-prompt", "deploy", "-n", "pooled", "--trigger", "trigger.yaml"],
        ["deployment", "run", "upstream/pooled"],
    )
    [given] = _automations(stock, pooled)
    assert given["name"] == "from-the-command-line"
    assert given["trigger"]["expect"] == ["crow.called"]
    assert given["actions"][0]["parameters"] == {"name": "caw"}

    [run] = stock.flow_runs_of("upstream/pooled")
    [event, *_] = _events_of(stock, run["id"], "prefect.flow-run.Scheduled")
    related = {each["prefect.resource.role"]: each for each in event["related"]}
    assert related["work-pool"]["prefect.resource.name"] == "chains"
    assert related["work-pool"]["prefect.work-pool.type"] == "process"
    assert related["work-queue"]["prefect.resource.name"] == "default"
    assert related["tag"]["prefect.resource.id"] == "prefect.tag.weekly"


def _automations(stock: Stock, deployment_id: str) -> list[dict[str, Any]]:
    """What the triggers of a deployment became."""
    found = stock.server.get(f"automations/related-to/prefect.deployment.{deployment_id}")
    return [each for each in found if each["name"] != "alpha-to-beta"]


def _end_of(stock: Stock, name: str) -> dict[str, Any]:
    """The event of the run of `upstream` that ended so."""

    def ended() -> list[dict[str, Any]]:
        asked = {"filter": {"event": {"name": [f"prefect.flow-run.{name}"]}}}
        return stock.server.post("events/filter", asked)["events"]

    [event] = wait_until(ended, timeout=PATIENCE, description=f"a run that {name}")
    return event


def _events_of(stock: Stock, flow_run_id: str, name: str) -> list[dict[str, Any]]:
    resource = {"id": [f"prefect.flow-run.{flow_run_id}"]}
    asked = {"filter": {"event": {"name": [name]}, "resource": resource}}
    return wait_until(
        lambda: stock.server.post("events/filter", asked)["events"],
        timeout=PATIENCE,
        description=f"{name} of {flow_run_id}",
    )
