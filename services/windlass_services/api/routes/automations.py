"""What clients of deployments ask about automations. There are none yet, so the answer is none."""

from fastapi import APIRouter

from windlass.schemas.base import JsonObject

router = APIRouter(prefix="/automations", tags=["Automations"])


@router.get("/related-to/{resource_id}")
async def read_automations_related_to_resource(resource_id: str) -> list[JsonObject]:
    """The automations that have to do with a resource, such as `prefect.deployment.<id>`."""
    del resource_id
    return []


@router.delete("/owned-by/{resource_id}", status_code=202)
async def delete_automations_owned_by_resource(resource_id: str) -> None:
    """Delete the automations that were made together with a resource, for it alone."""
    del resource_id
