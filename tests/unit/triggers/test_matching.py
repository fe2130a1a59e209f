"""Which events a trigger is for: the examples of the documents."""

from typing import Any, TypeAlias

import pytest

from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass.schemas.automations import Automation
from windlass.schemas.base import JsonObject
from windlass_services.triggers.labels import labels_of
from windlass_services.triggers.matching import Match, Matcher, watches_of

Spec: TypeAlias = dict[str, Any]

ID, NAME, ROLE = "prefect.resource.id", "prefect.resource.name", "prefect.resource.role"
RUN = "prefect.flow-run.1"
NOT_DEV: Spec = {ID: "!prefect.tag.dev", ROLE: "tag"}
ON_POOL: Spec = {NAME: "k8s-pool", ROLE: "work-pool"}
PRODUCTION: Spec = {ID: "prefect.tag.production", ROLE: "tag"}
NOT_TEST: Spec = {ID: "!prefect.tag.test", ROLE: "tag"}


def automation(**trigger: Any) -> Automation:
    said: JsonObject = {"name": "a", "trigger": {"type": "event", **trigger}, "actions": []}
    return Automation.model_validate(said | {"id": uuid7(), "updated": utc_now()})


def event(name: str, labels: Spec, *related: Spec) -> JsonObject:
    now = utc_now().isoformat()
    return {
        **{"id": str(uuid7()), "event": name, "occurred": now, "received": now},
        **{"resource": {ID: RUN, **labels}, "related": list(related), "payload": {}},
    }


def tag(name: str) -> Spec:
    return {ID: f"prefect.tag.{name}", ROLE: "tag"}


def matches(*automations: Automation, **said: Any) -> list[Match]:
    happened = event(said.pop("name", "e"), said.pop("labels", {}), *said.pop("related", ()))
    return list(Matcher(watches_of(automations)).matches(happened))


@pytest.mark.parametrize(
    ("expect", "name", "expected"),
    [
        ([], "anything", True),
        (["e"], "e", True),
        (["e"], "ee", False),
        (["e*"], "ee", True),
        (["prefect.flow-run.*", "!prefect.flow-run.Running"], "prefect.flow-run.Failed", True),
        (["prefect.flow-run.*", "!prefect.flow-run.Running"], "prefect.flow-run.Running", False),
        (["!e*"], "x", True),
        (["!e*"], "ee", False),
    ],
)
def test_names(expect: list[str], name: str, expected: bool) -> None:
    assert bool(matches(automation(expect=expect), name=name)) is expected


@pytest.mark.parametrize(
    ("asked", "name", "expected"),
    [
        (["cute-*", "radical-*"], "radical-fox", True),
        (["cute-*", "radical-*"], "slow-fox", False),
        (["production-*", "!production-test-*"], "production-1", True),
        (["production-*", "!production-test-*"], "production-test-1", False),
        (["production-*", "!production-test-*"], "dev", False),
        ("!dev", "dev", False),
        ("!dev", "production", True),
        ("!dev", None, False),
    ],
)
def test_labels(asked: str | list[str], name: str | None, expected: bool) -> None:
    said: Spec = {} if name is None else {NAME: name}
    match = {ID: "prefect.flow-run.*", NAME: asked}
    assert bool(matches(automation(match=match), labels=said)) is expected


@pytest.mark.parametrize(
    ("asked", "related", "expected"),
    [
        (NOT_DEV, [], True),
        (NOT_DEV, [tag("x")], True),
        (NOT_DEV, [tag("x"), tag("dev")], False),
        ([ON_POOL, PRODUCTION, NOT_TEST], [ON_POOL, tag("production")], True),
        ([ON_POOL, PRODUCTION, NOT_TEST], [ON_POOL, tag("production"), tag("test")], False),
        ([ON_POOL, PRODUCTION, NOT_TEST], [tag("production")], False),
        ({ID: ["prefect.tag.p*", "!prefect.tag.pt"], ROLE: "tag"}, [tag("p1")], True),
        ({ID: ["prefect.tag.p*", "!prefect.tag.pt"], ROLE: "tag"}, [tag("q")], False),
        ({ID: ["prefect.tag.p*", "!prefect.tag.pt"], ROLE: "tag"}, [tag("p1"), tag("pt")], False),
    ],
)
def test_related_resources(asked: Spec | list[Spec], related: list[Spec], expected: bool) -> None:
    assert bool(matches(automation(match_related=asked), related=related)) is expected


def test_values_that_are_told_apart() -> None:
    asked = ["genus", "related:tag:prefect.resource.id", "absent"]
    [match] = matches(
        automation(for_each=asked),
        labels={"genus": "x" * 1000},
        related=[tag("first"), tag("second")],
    )
    labels = labels_of(match.key.key)
    assert labels["absent"] == ""
    assert labels["related:tag:prefect.resource.id"] == "prefect.tag.first"
    assert len(labels["genus"]) < 300


def test_only_what_may_match_is_looked_at() -> None:
    """Thousands of automations on the same name, each for another deployment."""
    automations = [
        automation(expect=["e"], match_related={ID: f"prefect.deployment.{number}"})
        for number in range(500)
    ]
    matcher = Matcher(watches_of(automations))
    happened = event("e", {}, {ID: "prefect.deployment.7", ROLE: "deployment"})
    assert [one.watch.automation.id for one in matcher.matches(happened)] == [automations[7].id]
    for watch in matcher.watches:
        if watch.automation.id != automations[7].id:
            watch.trigger.match_related = {}

    assert len(list(matcher.matches(happened))) == 1
