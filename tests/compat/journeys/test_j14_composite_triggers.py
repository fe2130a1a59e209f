"""J14: compound, sequence, proactive and delayed triggers, out of a file.

They are kept as they were written, and what makes no sense is refused. When they fire, and what
resets them, waits for the evaluator.
"""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.compat.stock_client import Stock

pytestmark = pytest.mark.timeout(300)

DECLARED: Final = Path("journeys", "j14_automations.yaml")


@pytest.fixture(scope="module")
def kept(stock: Stock) -> dict[str, dict[str, Any]]:
    """The automations of the file as the API shows them, by name."""
    flow = stock.server.post("flows/", {"name": "told"})
    told = stock.server.post("deployments/", {"name": "told", "flow_id": flow["id"]})
    path = stock.folder / DECLARED
    path.write_text(path.read_text().replace("DEPLOYMENT_ID", told["id"]))
    stock.prefect("automation", "create", "-f", str(DECLARED))
    return {each["name"]: each for each in stock.server.post("automations/filter", {})}


def test_j14_a_sequence_of_a_run_and_three_events_is_kept(kept: dict[str, Any]) -> None:
    trigger = kept["all-three"]["trigger"]
    assert (trigger["type"], trigger["within"]) == ("sequence", 7200)
    initiator, rest = trigger["triggers"]
    assert initiator["match_related"] == {
        "prefect.resource.name": "initiator",
        "prefect.resource.role": "flow",
    }
    assert (rest["type"], rest["require"], rest["within"]) == ("compound", "all", 3600)
    assert [child["expect"] for child in rest["triggers"]] == [["a"], ["b"], ["c"]]
    ids = [trigger["id"], initiator["id"], rest["id"], *(c["id"] for c in rest["triggers"])]
    assert len(set(ids)) == 6, "each part is a trigger of its own"


def test_j14_an_action_may_wait_before_it_runs_something(kept: dict[str, Any]) -> None:
    [action] = kept["all-three"]["actions"]
    assert (action["type"], action["schedule_after"]) == ("run-deployment", 7200)


def test_j14_what_does_not_happen_is_watched_for_each_run(kept: dict[str, Any]) -> None:
    trigger = kept["stuck"]["trigger"]
    assert (trigger["posture"], trigger["within"], trigger["threshold"]) == ("Proactive", 60, 1)
    assert trigger["after"] == ["prefect.flow-run.Running"]
    assert trigger["for_each"] == ["prefect.resource.id"]
    assert kept["stuck"]["actions"] == [{"type": "cancel-flow-run"}]


def test_j14_a_number_of_triggers_and_a_negative_match_are_kept(kept: dict[str, Any]) -> None:
    two = kept["any-two"]["trigger"]
    assert (two["require"], two["triggers"][0]["threshold"]) == (2, 2)
    assert kept["not-in-dev"]["trigger"]["match_related"] == {
        "prefect.resource.id": "!prefect.tag.dev"
    }


def test_j14_an_absence_of_less_than_ten_seconds_is_refused(
    stock: Stock, kept: dict[str, Any]
) -> None:
    trigger = kept["stuck"]["trigger"] | {"within": 9}
    asked = {"name": "hasty", "trigger": trigger, "actions": kept["stuck"]["actions"]}
    with stock.server.http() as client:
        answer = client.post("automations/", json=asked)
    assert answer.status_code == 422
    assert "10" in answer.text


def test_j14_one_wrong_automation_of_a_file_leaves_the_others(
    stock: Stock, kept: dict[str, Any]
) -> None:
    good = {key: kept["any-two"][key] for key in ("trigger", "actions")}
    wrong = good | {"trigger": {"type": "event", "posture": "Proactive", "within": 1}}
    several = [good | {"name": "one"}, wrong | {"name": "two"}, good | {"name": "three"}]
    (stock.folder / "several.json").write_text(json.dumps(several))
    said = stock.refused("automation", "create", "-f", "several.json")
    assert "two" in said
    names = {each["name"] for each in stock.server.post("automations/filter", {})}
    assert names >= {"one", "three"}
    assert "two" not in names
