"""How events name what they are about, in Prefect's words."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from windlass_services.storage.subjects import Named

POOL_TYPE: Final = "prefect.work-pool.type"


def related(kind: str, role: str, subject: Named) -> dict[str, str]:
    """A related resource."""
    return related_gone(kind, role, subject.id) | {"prefect.resource.name": subject.name}


def related_gone(kind: str, role: str, id: UUID) -> dict[str, str]:
    """A related resource of which nobody knows the name."""
    return {"prefect.resource.id": f"prefect.{kind}.{id}", "prefect.resource.role": role}


def related_pool(pool: Named, type: str | None) -> dict[str, str]:
    """A work pool as a related resource, with its type."""
    return related("work-pool", "work-pool", pool) | {POOL_TYPE: type or ""}


def related_tags(tags: Collection[str]) -> list[dict[str, str]]:
    """One related resource per tag, in order of the alphabet, without repetition."""
    return [
        {"prefect.resource.id": f"prefect.tag.{tag}", "prefect.resource.role": "tag"}
        for tag in sorted(set(tags))
    ]
