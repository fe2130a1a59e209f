"""Public: automations, as objects that a script makes, changes and deletes."""

from typing import Self
from uuid import UUID

from windlass.client.orchestration import get_client
from windlass.dispatch import dispatched
from windlass.events.actions import (
    CallWebhook,
    CancelFlowRun,
    ChangeFlowRunState,
    DoNothing,
    PauseAutomation,
    PauseDeployment,
    PauseWorkPool,
    PauseWorkQueue,
    ResumeAutomation,
    ResumeDeployment,
    ResumeFlowRun,
    ResumeWorkPool,
    ResumeWorkQueue,
    RunDeployment,
    SendNotification,
    SuspendFlowRun,
)
from windlass.events.schemas.automations import (
    AutomationCore,
    CompoundTrigger,
    EventTrigger,
    MetricTrigger,
    Posture,
    SequenceTrigger,
)
from windlass.events.schemas.events import ResourceSpecification
from windlass.exceptions import ObjectNotFound
from windlass.schemas.automations import Automation as StoredAutomation

__all__ = [
    "Automation",
    "AutomationCore",
    "CallWebhook",
    "CancelFlowRun",
    "ChangeFlowRunState",
    "CompoundTrigger",
    "DoNothing",
    "EventTrigger",
    "MetricTrigger",
    "PauseAutomation",
    "PauseDeployment",
    "PauseWorkPool",
    "PauseWorkQueue",
    "Posture",
    "ResourceSpecification",
    "ResumeAutomation",
    "ResumeDeployment",
    "ResumeFlowRun",
    "ResumeWorkPool",
    "ResumeWorkQueue",
    "RunDeployment",
    "SendNotification",
    "SequenceTrigger",
    "SuspendFlowRun",
]


class Automation(AutomationCore):
    """What the server does when events happen, or do not; `id` is None until it is created.

    Each method has a form beginning with `a` for asynchronous code.
    """

    id: UUID | None = None

    async def acreate(self) -> Self:
        """Create it; it has an id then. Raises RequestInvalid for one that cannot work."""
        async with get_client() as client:
            self.id = await client.create_automation(self)
        return self

    @classmethod
    async def aread(cls, id: UUID | str | None = None, name: str | None = None) -> Self:
        """The automation of this id or, if there is no id, the one of this name.

        Raises ValueError unless exactly one is given, or if there is no such automation.
        """
        if (id is None) == (name is None):
            raise ValueError("Give the id or the name of the automation: exactly one of them.")
        async with get_client() as client:
            if id is not None:
                try:
                    found = await client.read_automation(UUID(str(id)))
                except ObjectNotFound as error:
                    raise ValueError(f"There is no automation with the id {id}.") from error
                return cls._of(found)
            named = await client.read_automations_by_name(name or "")
        if not named:
            raise ValueError(f"There is no automation named {name!r}.")
        return cls._of(named[0])

    async def aupdate(self) -> None:
        """Make what the server has equal to this. Raises ValueError before it is created."""
        async with get_client() as client:
            await client.update_automation(self._known_id(), self)

    async def adelete(self) -> bool:
        """Delete it; False if it was not there. Raises ValueError before it is created."""
        async with get_client() as client:
            try:
                await client.delete_automation(self._known_id())
            except ObjectNotFound:
                return False
        return True

    async def aenable(self) -> bool:
        """Let it act; False if it is not there. Raises ValueError before it is created."""
        return await self._set_enabled(True)

    async def adisable(self) -> bool:
        """Let it rest; False if it is not there. Raises ValueError before it is created."""
        return await self._set_enabled(False)

    create = dispatched(acreate)
    update = dispatched(aupdate)
    delete = dispatched(adelete)
    enable = dispatched(aenable)
    disable = dispatched(adisable)

    @classmethod
    def read(cls, id: UUID | str | None = None, name: str | None = None) -> Self:
        """`aread`, also in synchronous code."""
        return dispatched(cls.aread)(id, name)

    @classmethod
    def _of(cls, stored: StoredAutomation) -> Self:
        return cls.model_validate(dict(stored))

    async def _set_enabled(self, enabled: bool) -> bool:
        async with get_client() as client:
            try:
                if enabled:
                    await client.resume_automation(self._known_id())
                else:
                    await client.pause_automation(self._known_id())
            except ObjectNotFound:
                return False
        self.enabled = enabled
        return True

    def _known_id(self) -> UUID:
        if self.id is None:
            raise ValueError("The automation has no id: create it, or read it, first.")
        return self.id
