"""Automations: made, listed, replaced, deleted; and the resources that they are about."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.actions.run_deployment import RunDeployment
from windlass.schemas.automations import (
    Automation,
    AutomationCore,
    AutomationCreate,
    AutomationPartialUpdate,
    AutomationUpdate,
)
from windlass.schemas.filters.automations import AutomationFilter
from windlass.schemas.filters.sorting import AutomationSort
from windlass_services.storage.filters.automations import where_automations
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.paging import Window, count_rows, in_window
from windlass_services.storage.rows import readable
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import automation, automation_related_resource

_ORDERS: Final[Mapping[AutomationSort, tuple[sa.ColumnElement[Any], ...]]] = {
    AutomationSort.CREATED_DESC: (automation.c.created.desc(), automation.c.id.desc()),
    AutomationSort.UPDATED_DESC: (automation.c.updated.desc(), automation.c.id.desc()),
    AutomationSort.NAME_ASC: (automation.c.name.asc(), automation.c.id.asc()),
    AutomationSort.NAME_DESC: (automation.c.name.desc(), automation.c.id.desc()),
}


async def create_automation(
    connection: AsyncConnection, scope: Scope, wanted: AutomationCreate, *, now: datetime
) -> Automation:
    """A new automation; there may be others of its name."""
    id = uuid7()
    row = {"id": id, "workspace_id": scope.workspace_id, "created": now, "updated": now}
    await connection.execute(sa.insert(automation).values(row | _fields(wanted)))
    await _relate(connection, id, wanted, owner=wanted.owner_resource)
    return await read_automation(connection, scope, id)


async def read_automation(connection: AsyncConnection, scope: Scope, id: UUID) -> Automation:
    """Raises `ObjectNotFound`."""
    rows = await connection.execute(sa.select(automation).where(_is(scope, id)))
    row = rows.mappings().one_or_none()
    if row is None:
        raise _not_found(id)
    return Automation.model_validate(row)


async def read_automations(
    connection: AsyncConnection,
    scope: Scope,
    asked: AutomationFilter | None,
    sort: AutomationSort,
    window: Window,
) -> list[Automation]:
    """One window of the automations that match."""
    rows = await connection.execute(
        in_window(
            sa.select(automation).where(_matching(scope, asked)).order_by(*_ORDERS[sort]), window
        )
    )
    return readable("automation", rows.mappings(), Automation.model_validate)


async def count_automations(
    connection: AsyncConnection, scope: Scope, asked: AutomationFilter | None = None
) -> int:
    """How many automations match."""
    return await count_rows(connection, automation, _matching(scope, asked))


async def read_automations_related_to(
    connection: AsyncConnection, scope: Scope, resource_id: str
) -> list[Automation]:
    """The automations that the resource owns, or that run it, the oldest first."""
    rows = await connection.execute(
        sa.select(automation)
        .where(automation.c.workspace_id == scope.workspace_id, _is_about(resource_id))
        .order_by(automation.c.created, automation.c.id)
    )
    return readable("automation", rows.mappings(), Automation.model_validate)


async def update_automation(
    connection: AsyncConnection, scope: Scope, id: UUID, wanted: AutomationUpdate, *, now: datetime
) -> None:
    """Put what is said in place of what is there; who owns it stays. Raises `ObjectNotFound`.

    Its triggers are new ones: what the old ones saw does not count for them.
    """
    renewed = _with_new_ids(_fields(wanted, exclude_unset=True))
    await _change(connection, scope, id, renewed | {"updated": now})
    await connection.execute(
        sa.delete(automation_related_resource).where(
            automation_related_resource.c.automation_id == id,
            automation_related_resource.c.owned_by_resource.is_(False),
        )
    )
    owners = await connection.execute(
        sa.select(automation_related_resource.c.resource_id).where(
            automation_related_resource.c.automation_id == id
        )
    )
    await _relate(connection, id, wanted, known=set(owners.scalars()))


async def patch_automation(
    connection: AsyncConnection,
    scope: Scope,
    id: UUID,
    update: AutomationPartialUpdate,
    *,
    now: datetime,
) -> None:
    """Change what is set in `update`. Raises `ObjectNotFound`."""
    said = update.model_dump(exclude_unset=True)
    await _change(connection, scope, id, {**said, "updated": now})


async def delete_automation(connection: AsyncConnection, scope: Scope, id: UUID) -> None:
    """Raises `ObjectNotFound`."""
    if not await _delete(connection, scope, automation.c.id == id):
        raise _not_found(id)


async def delete_automations_owned_by(
    connection: AsyncConnection, scope: Scope, *resource_ids: str
) -> int:
    """Delete the automations that go with these resources. Returns how many there were."""
    return await _delete(connection, scope, _is_about(*resource_ids, owned=True))


async def _delete(connection: AsyncConnection, scope: Scope, clause: Clause) -> int:
    gone = await connection.execute(
        sa.delete(automation)
        .where(automation.c.workspace_id == scope.workspace_id, clause)
        .returning(automation.c.id)
    )
    ids = list(gone.scalars())
    await connection.execute(
        sa.delete(automation_related_resource).where(
            automation_related_resource.c.automation_id.in_(ids)
        )
    )
    return len(ids)


async def _change(
    connection: AsyncConnection, scope: Scope, id: UUID, values: dict[str, Any]
) -> None:
    changed = await connection.execute(sa.update(automation).where(_is(scope, id)).values(**values))
    if not changed.rowcount:
        raise _not_found(id)


async def _relate(
    connection: AsyncConnection,
    id: UUID,
    wanted: AutomationCore,
    *,
    owner: str | None = None,
    known: set[str] | None = None,
) -> None:
    """Remember the deployments that it runs, and who owns it."""
    run = {
        f"prefect.deployment.{action.deployment_id}": False
        for action in wanted.actions
        if isinstance(action, RunDeployment) and action.deployment_id is not None
    }
    about = run | ({owner: True} if owner else {})
    rows = [
        {"automation_id": id, "resource_id": resource_id, "owned_by_resource": owned}
        for resource_id, owned in about.items()
        if resource_id not in (known or ())
    ]
    if rows:
        await connection.execute(sa.insert(automation_related_resource), rows)


def _fields(wanted: AutomationCore, *, exclude_unset: bool = False) -> dict[str, Any]:
    said = wanted.model_fields_set if exclude_unset else AutomationCore.model_fields.keys()
    return wanted.model_dump(mode="json", include=set(AutomationCore.model_fields) & set(said))


def _with_new_ids(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "trigger": _renewed(fields["trigger"])}


def _renewed(trigger: dict[str, Any]) -> dict[str, Any]:
    renewed = {**trigger, "id": str(uuid7())}
    if "triggers" in trigger:
        renewed["triggers"] = [_renewed(child) for child in trigger["triggers"]]
    return renewed


def _matching(scope: Scope, asked: AutomationFilter | None) -> Clause:
    of_workspace = automation.c.workspace_id == scope.workspace_id
    return of_workspace if asked is None else sa.and_(of_workspace, where_automations(asked))


def _is(scope: Scope, id: UUID) -> Clause:
    return sa.and_(automation.c.workspace_id == scope.workspace_id, automation.c.id == id)


def _is_about(*resource_ids: str, owned: bool = False) -> Clause:
    related = automation_related_resource.c
    clauses = [related.resource_id.in_(resource_ids)]
    if owned:
        clauses.append(related.owned_by_resource.is_(True))
    return automation.c.id.in_(sa.select(related.automation_id).where(*clauses))


def _not_found(id: UUID) -> ObjectNotFound:
    return ObjectNotFound(f"There is no automation with the id {id}.")
