"""What an automation may say, and what it means when it says less."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from windlass.schemas.actions.call_webhook import CallWebhook
from windlass.schemas.actions.do_nothing import DoNothing
from windlass.schemas.automations import AutomationCore, AutomationCreate
from windlass.schemas.base import JsonObject
from windlass.schemas.triggers import (
    CompoundTrigger,
    EventTrigger,
    SequenceTrigger,
    all_triggers,
    event_triggers,
)
from windlass.schemas.triggers.event import Posture

EVENT: JsonObject = {"type": "event", "expect": ["a"]}
ID = str(uuid4())


def automation(trigger: JsonObject, *actions: JsonObject) -> AutomationCore:
    return AutomationCore.model_validate({"name": "x", "trigger": trigger, "actions": actions})


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({}, EventTrigger),
        ({"expect": ["a"]}, EventTrigger),
        ({"triggers": [EVENT], "require": "any"}, CompoundTrigger),
        ({"triggers": [EVENT], "within": 3}, SequenceTrigger),
        ({"type": "sequence", "triggers": []}, SequenceTrigger),
    ],
)
def test_a_trigger_without_a_type_is_what_its_fields_say(said: JsonObject, kind: type) -> None:
    assert isinstance(automation(said).trigger, kind)


def test_an_event_trigger_reacts_to_one_event_by_default() -> None:
    trigger = EventTrigger()
    assert (trigger.posture, trigger.threshold, trigger.within) == (
        Posture.Reactive,
        1,
        timedelta(0),
    )


@pytest.mark.parametrize(("within", "kept"), [(0, 10), (10, 10), ("PT1M", 60), (90.5, 90.5)])
def test_a_proactive_trigger_waits_ten_seconds_or_more(within: Any, kept: float) -> None:
    trigger = EventTrigger(posture=Posture.Proactive, within=within)
    assert trigger.within == timedelta(seconds=kept)


@pytest.mark.parametrize(
    ("trigger", "reason"),
    [
        ({"posture": "Proactive", "within": 9}, "at least 10 seconds"),
        ({"posture": "Metric"}, "posture"),
        ({"within": -1}, "within"),
        ({"within": None}, "within"),
        ({"match": None}, "match"),
        ({"type": "metric"}, "metric"),
        ({"type": "compound", "triggers": [EVENT], "require": 0}, "at least 1"),
        ({"type": "compound", "triggers": [EVENT], "require": 2}, "not be more"),
        ({"type": "compound", "triggers": [EVENT], "require": "none"}, "require"),
        ({"type": "compound", "triggers": [EVENT]}, "require"),
        ({"type": "sequence", "triggers": [{"type": "nothing"}]}, "nothing"),
    ],
)
def test_a_trigger_that_cannot_work_is_refused(trigger: JsonObject, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        automation(trigger)


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ({"type": "nothing"}, "nothing"),
        ({"type": "run-deployment"}, "`deployment_id` is required"),
        ({"type": "pause-work-pool"}, "`work_pool_id` is required"),
        ({"type": "resume-work-queue"}, "`work_queue_id` is required"),
        ({"type": "pause-automation"}, "`automation_id` is required"),
        (
            {"type": "pause-deployment", "source": "inferred", "deployment_id": ID},
            "`deployment_id` is not allowed",
        ),
        ({"type": "run-deployment", "deployment_id": ID, "schedule_after": -1}, "negative"),
        ({"type": "change-flow-run-state", "state": "GONE"}, "state"),
        ({"type": "send-notification", "block_document_id": ID}, "body"),
        ({"type": "call-webhook"}, "block_document_id"),
        ({"type": "call-webhook", "block_document_id": ID, "payload": None}, "payload"),
    ],
)
def test_an_action_that_cannot_work_is_refused(action: JsonObject, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        automation(EVENT, action)


def test_an_action_without_a_type_does_nothing() -> None:
    assert automation(EVENT, {}).actions == [DoNothing()]


def test_the_payload_of_a_webhook_is_kept_as_text() -> None:
    said = {"type": "call-webhook", "block_document_id": ID, "payload": {"a": "{{ event }}"}}
    (action,) = automation(EVENT, said).actions
    assert isinstance(action, CallWebhook)
    assert action.payload == '{\n  "a": "{{ event }}"\n}'


def test_the_triggers_of_a_composite_are_found_at_any_depth() -> None:
    inner = {"type": "compound", "require": "all", "triggers": [EVENT, EVENT]}
    trigger = automation({"type": "sequence", "triggers": [EVENT, inner]}).trigger
    assert [each.type for each in all_triggers(trigger)] == [
        "sequence",
        "event",
        "compound",
        "event",
        "event",
    ]
    assert len(list(event_triggers(trigger))) == 3


def test_in_json_names_are_lists_and_durations_are_seconds() -> None:
    trigger = automation({"expect": ["b", "a", "b"], "within": "PT1M"}).trigger
    said = trigger.model_dump(mode="json")
    assert (said["expect"], said["within"]) == (["a", "b"], 60.0)


FLOW_RUNS: JsonObject = {"prefect.resource.id": "prefect.flow-run.*"}
OF_ANOTHER: JsonObject = {"prefect.resource.id": f"prefect.deployment.{uuid4()}"}
EVERY_STATE = ["prefect.flow-run.*"]
SELECTED: JsonObject = {"type": "run-deployment", "deployment_id": ID}
INFERRED: JsonObject = {"type": "run-deployment", "source": "inferred"}


@pytest.mark.parametrize(
    ("trigger", "action", "ends"),
    [
        ({"expect": EVERY_STATE}, SELECTED, False),
        ({"expect": EVERY_STATE, "match": FLOW_RUNS}, SELECTED, False),
        (
            {"expect": EVERY_STATE, "match": {"prefect.resource.id": ["prefect.flow-run.*"]}},
            SELECTED,
            False,
        ),
        ({"expect": EVERY_STATE, "posture": "Proactive", "within": 20}, SELECTED, True),
        ({"expect": EVERY_STATE, "match": OF_ANOTHER}, SELECTED, True),
        ({"expect": EVERY_STATE, "match_related": [OF_ANOTHER]}, SELECTED, True),
        ({"expect": EVERY_STATE, "match_related": OF_ANOTHER}, INFERRED, False),
        ({"expect": ["prefect.flow-run.Failed"], "match": FLOW_RUNS}, INFERRED, True),
        ({"expect": EVERY_STATE}, {"type": "cancel-flow-run"}, True),
    ],
)
def test_an_automation_that_would_start_itself_for_ever_is_refused(
    trigger: JsonObject, action: JsonObject, ends: bool
) -> None:
    if ends:
        automation(trigger, action)
        return
    with pytest.raises(ValidationError, match="never ends"):
        automation(trigger, action)


def test_what_is_sent_is_what_is_read() -> None:
    created = AutomationCreate.model_validate(
        {"name": "x", "trigger": EVENT, "actions": [SELECTED], "owner_resource": "o"}
    )
    assert AutomationCreate.model_validate_json(created.model_dump_json()) == created
