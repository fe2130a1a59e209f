"""Automations."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from windlass.client._async.resource import AsyncResource
from windlass.schemas.automations import (
    Automation,
    AutomationCore,
    AutomationCreate,
    AutomationPartialUpdate,
    AutomationUpdate,
)
from windlass.schemas.filters.automations import (
    AutomationFilter,
    AutomationFilterName,
    AutomationQuery,
)


class AsyncAutomations(AsyncResource):
    """The methods for automations."""

    async def create_automation(self, automation: AutomationCore) -> UUID:
        """The id of the automation that was made; raises `RequestInvalid`."""
        body = _whole(automation, AutomationCreate)
        made = await self._read(Automation, "POST", "/automations/", body=body)
        return made.id

    async def update_automation(self, automation_id: UUID, automation: AutomationCore) -> None:
        """Put `automation` in place of what is there. Raises `ObjectNotFound`."""
        body = _whole(automation, AutomationUpdate)
        await self._request("PUT", f"/automations/{automation_id}", body=body)

    async def read_automation(self, automation_id: UUID) -> Automation:
        """Raises `ObjectNotFound`."""
        return await self._read(Automation, "GET", f"/automations/{automation_id}")

    async def read_automations(self, query: AutomationQuery | None = None) -> list[Automation]:
        """Automations that match, by name unless another order is asked for."""
        body = query or AutomationQuery()
        return await self._read_list(Automation, "POST", "/automations/filter", body=body)

    async def read_automations_by_name(self, name: str) -> list[Automation]:
        """All of this name: there may be several, or none."""
        named = AutomationFilter(name=AutomationFilterName(any_=[name]))
        return await self.read_automations(AutomationQuery(automations=named))

    async def count_automations(self) -> int:
        """How many there are."""
        return int((await self._request("POST", "/automations/count")).json())

    async def pause_automation(self, automation_id: UUID) -> None:
        """Disable it. Raises `ObjectNotFound`."""
        await self._set_enabled(automation_id, False)

    async def resume_automation(self, automation_id: UUID) -> None:
        """Enable it. Raises `ObjectNotFound`."""
        await self._set_enabled(automation_id, True)

    async def delete_automation(self, automation_id: UUID) -> None:
        """Raises `ObjectNotFound`."""
        await self._request("DELETE", f"/automations/{automation_id}")

    async def read_resource_related_automations(self, resource_id: str) -> list[Automation]:
        """Those that have to do with a resource, such as ``prefect.deployment.<id>``."""
        path = f"/automations/related-to/{quote(resource_id)}"
        return await self._read_list(Automation, "GET", path)

    async def delete_resource_owned_automations(self, resource_id: str) -> None:
        """Delete those that were made together with a resource, for it alone."""
        await self._request("DELETE", f"/automations/owned-by/{quote(resource_id)}")

    async def _set_enabled(self, automation_id: UUID, enabled: bool) -> None:
        body = AutomationPartialUpdate(enabled=enabled)
        await self._request("PATCH", f"/automations/{automation_id}", body=body)


def _whole(automation: AutomationCore, shape: type[AutomationCore]) -> dict[str, Any]:
    """All fields, also those that were not set: among them are the types of actions."""
    return automation.model_dump(mode="json", include=set(shape.model_fields))
