"""Automations: what the server does when events happen, or do not."""

from typing import Final, Self, TypeGuard

from pydantic import Field, model_validator

from windlass.schemas.actions import ActionTypes
from windlass.schemas.actions.run_deployment import RunDeployment
from windlass.schemas.base import Shape, Stored
from windlass.schemas.events import RESOURCE_ID
from windlass.schemas.triggers import TriggerTypes
from windlass.schemas.triggers.event import EventTrigger, Posture

_EVERY_STATE: Final = "prefect.flow-run.*"
_ANY_RUN: Final = "prefect.flow-run.*"


class AutomationCore(Shape):
    """When to act, and how. `actions` are done when the trigger fires.

    `actions_on_trigger` are done when it becomes true, `actions_on_resolve` when it no longer is.
    Raises ValueError for one that would run a deployment on every state of the runs it makes.
    """

    name: str
    description: str = ""
    enabled: bool = True
    tags: list[str] = Field(default_factory=list)
    trigger: TriggerTypes
    actions: list[ActionTypes]
    actions_on_trigger: list[ActionTypes] = Field(default_factory=list[ActionTypes])
    actions_on_resolve: list[ActionTypes] = Field(default_factory=list[ActionTypes])

    @property
    def all_actions(self) -> list[ActionTypes]:
        """What it ever does."""
        return [*self.actions, *self.actions_on_trigger, *self.actions_on_resolve]

    @model_validator(mode="after")
    def _does_not_run_itself(self) -> Self:
        runs = [action for action in self.actions if isinstance(action, RunDeployment)]
        if not runs or not _fires_on_every_state(self.trigger):
            return self
        if any(action.source == "inferred" for action in runs):
            raise ValueError(
                "Running the inferred deployment on every state of a flow run never ends: select"
                " another deployment, and narrow `match` or `match_related` down."
            )
        if not _is_narrow(self.trigger):
            raise ValueError(
                "Running a deployment on every state of any flow run never ends: narrow `match` or"
                " `match_related` down, so that the runs of that deployment do not count."
            )
        return self


class AutomationCreate(AutomationCore):
    """An automation to create.

    It goes when its owner goes, such as ``prefect.deployment.<id>``.
    """

    owner_resource: str | None = None


class AutomationUpdate(AutomationCore):
    """What an automation is to be in place of what it is."""


class AutomationPartialUpdate(Shape):
    """What to change of an automation."""

    enabled: bool = True


class Automation(AutomationCore, Stored):
    """An automation."""


def _fires_on_every_state(trigger: TriggerTypes) -> TypeGuard[EventTrigger]:
    return (
        isinstance(trigger, EventTrigger)
        and trigger.posture is Posture.Reactive
        and _EVERY_STATE in trigger.expect
    )


def _is_narrow(trigger: EventTrigger) -> bool:
    """Whether it leaves out some runs."""
    is_of_any_run = trigger.match in ({}, {RESOURCE_ID: _ANY_RUN}, {RESOURCE_ID: [_ANY_RUN]})
    return not is_of_any_run or any(trigger.related_specifications)
