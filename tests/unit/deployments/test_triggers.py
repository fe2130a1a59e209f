"""Triggers of deployments: in Python, in a file, and as the automations that they become."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from windlass import flow
from windlass.deployments.preparation import Preparation
from windlass.deployments.project import Project
from windlass.events import (
    CompoundTrigger,
    DeploymentCompoundTrigger,
    DeploymentEventTrigger,
    DeploymentMetricTrigger,
    DeploymentSequenceTrigger,
    DeploymentTriggerTypes,
    EventTrigger,
    Posture,
    RunDeployment,
)
from windlass.events.schemas.automations import MetricTriggerQuery
from windlass.events.schemas.deployment_triggers import as_automation
from windlass.ids import uuid7

CROW = {"prefect.resource.id": "a.crow"}


@flow
def a_flow(name: str = "world") -> None: ...


def triggers_of(*said: Any) -> list[DeploymentTriggerTypes]:
    """The triggers of a deployment that is made with these."""
    return a_flow.to_deployment("one", triggers=said).triggers


def test_a_trigger_becomes_an_automation_that_the_deployment_owns() -> None:
    id = uuid7()
    trigger = DeploymentEventTrigger(
        match={"prefect.resource.id": "a.crow"},
        expect={"crow.called"},
        enabled=False,
        description="d",
        parameters={"name": "{{ event.id }}"},
        job_variables={"size": 1},
        schedule_after=timedelta(hours=1),
    )
    made = as_automation(trigger, id, "a name")
    assert (made.name, made.enabled, made.description) == ("a name", False, "d")
    assert made.owner_resource == f"prefect.deployment.{id}"
    assert isinstance(made.trigger, EventTrigger)
    assert (made.trigger.match, made.trigger.expect) == (CROW, {"crow.called"})
    assert made.actions == [
        RunDeployment(
            deployment_id=id,
            parameters={"name": "{{ event.id }}"},
            job_variables={"size": 1},
            schedule_after=timedelta(hours=1),
        )
    ]


def test_the_triggers_of_a_composite_may_be_mappings() -> None:
    (compound,) = triggers_of(
        {"name": "mine", "require": "all", "triggers": [{"type": "event", "expect": ["a"]}]}
    )
    assert isinstance(compound, DeploymentCompoundTrigger)
    made = as_automation(compound, uuid7(), "another")
    assert made.name == "mine"
    assert isinstance(made.trigger, CompoundTrigger)
    [child] = made.trigger.triggers
    assert isinstance(child, EventTrigger)
    assert (child.expect, child.posture) == ({"a"}, Posture.Reactive)


def test_triggers_may_be_objects_and_mappings() -> None:
    sequence = DeploymentSequenceTrigger(triggers=[EventTrigger(expect={"a"})])
    found = triggers_of(sequence, {"expect": ["b"], "schedule_after": "PT2H"})
    assert found[0] == sequence
    assert isinstance(found[1], DeploymentEventTrigger)
    assert found[1].schedule_after == timedelta(hours=2)
    assert a_flow.to_deployment("one").triggers == []


@pytest.mark.parametrize(
    "said", [{"type": "never"}, {"schedule_after": -1}, {"posture": "Proactive", "within": 1}]
)
def test_a_trigger_that_cannot_work_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        triggers_of(said)


def test_a_metric_trigger_is_no_automation_of_a_server_of_its_own() -> None:
    query = {"name": "successes", "operator": "<", "threshold": 0.5}
    trigger = DeploymentMetricTrigger(metric=MetricTriggerQuery.model_validate(query))
    with pytest.raises(ValueError, match="metric"):
        as_automation(trigger, uuid7(), "x")


def test_a_file_leaves_the_templates_of_events_to_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WITH_TRIGGERS", "false")
    (tmp_path / "flows.py").write_text("from windlass import flow\n\n@flow\ndef greet(): ...\n")
    written = {
        "name": "one",
        "entrypoint": "flows.py:greet",
        "triggers": [
            {"enabled": "{{ $WITH_TRIGGERS }}", "parameters": {"name": "{{ event }}"}},
            {"expect": ["a"]},
        ],
    }
    first, second = Preparation(Project()).prepared(written, {}).triggers
    assert (first.enabled, first.parameters) == (False, {"name": "{{ event }}"})
    assert second.enabled
    said = {"triggers": [{"expect": ["b"]}]}
    [other] = Preparation(Project()).prepared(written, said).triggers
    assert isinstance(other, DeploymentEventTrigger)
    assert other.expect == {"b"}
