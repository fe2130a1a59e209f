"""Concurrency limits of tags: how many task runs with a tag may be running."""

from typing import Annotated
from uuid import UUID

from starlette.responses import Response

from windlass.exceptions import SlotsTaken
from windlass.schemas.concurrency_limits import (
    ConcurrencyLimit,
    ConcurrencyLimitCreate,
    MinimalConcurrencyLimitResponse,
    TagLimitReset,
    TagSlots,
)
from windlass.schemas.filters.criteria import Window
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.context import InContext, InScope, WithAuthority
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.windows import window_of
from windlass_services.storage import tag_limits, tag_slots
from windlass_services.storage.concurrency_limits import LimitKey
from windlass_services.storage.limit_rows import TAG_PREFIX

router = Routes(prefix="/concurrency_limits", tags=["Concurrency Limits"])


@router.post("/", response_model=ConcurrencyLimit)
async def create_concurrency_limit(
    context: InContext, scope: InScope, wanted: ConcurrencyLimitCreate
) -> Response:
    """Make the limit of a tag (201), or change it (200)."""
    async with context.database.write() as connection:
        limit, is_new = await tag_limits.set_tag_limit(
            connection, scope, wanted, now=context.clock()
        )
    return answer(limit, 201 if is_new else 200)


@router.post("/filter", response_model=list[ConcurrencyLimit])
async def read_concurrency_limits(
    context: InContext, scope: InScope, query: Annotated[Window | None, Body()] = None
) -> Response:
    """The limits of all tags, by tag."""
    query = query or Window()
    window = window_of(context, query.limit, query.offset)
    async with context.database.read() as connection:
        found = await tag_limits.read_tag_limits(connection, scope, window, now=context.clock())
    return answer_list(found)


@router.post("/increment", response_model=list[MinimalConcurrencyLimitResponse])
async def take_tag_slots(
    context: InContext, scope: InScope, _: WithAuthority, asked: TagSlots
) -> Response:
    """Take a slot of every limited tag for a task run, or none (423)."""
    async with context.database.write() as connection:
        outcome = await tag_slots.take_tag_slots(
            connection, scope, asked.names, asked.task_run_id, now=context.clock()
        )
    if isinstance(outcome, tag_slots.TagClosed):
        raise SlotsTaken(f'The limit of the tag "{outcome.tag}" is 0: waiting does not help.')
    if isinstance(outcome, tag_slots.TagFull):
        wait = context.settings.server.tasks.tag_concurrency_slot_wait_seconds
        message = f"The limit of running tasks with the tag {outcome.tag} is reached."
        raise SlotsTaken(message, retry_after=wait)
    taken = [
        MinimalConcurrencyLimitResponse(
            id=limit.id, name=limit.name.removeprefix(TAG_PREFIX), limit=limit.limit
        )
        for limit in outcome
    ]
    return answer_list(taken)


@router.post("/decrement", response_model=list[MinimalConcurrencyLimitResponse])
async def give_back_tag_slots(context: InContext, scope: InScope, asked: TagSlots) -> Response:
    """Give back the slots of a task run. The limits are named as limits here, `tag:<tag>`."""
    async with context.database.write() as connection:
        limits = await tag_slots.give_back_tag_slots(
            connection, scope, asked.names, asked.task_run_id, now=context.clock()
        )
    given = [
        MinimalConcurrencyLimitResponse(id=limit.id, name=limit.name, limit=limit.limit)
        for limit in limits
    ]
    return answer_list(given)


@router.get("/tag/{tag}", response_model=ConcurrencyLimit)
async def read_concurrency_limit_by_tag(context: InContext, scope: InScope, tag: str) -> Response:
    """The limit of a tag."""
    async with context.database.read() as connection:
        found = await tag_limits.read_tag_limit(
            connection, scope, LimitKey.of_tag(tag), now=context.clock()
        )
    return answer(found)


@router.post("/tag/{tag}/reset", status_code=200)
async def reset_concurrency_limit_by_tag(
    context: InContext,
    scope: InScope,
    tag: str,
    asked: Annotated[TagLimitReset | None, Body()] = None,
) -> None:
    """Let these task runs hold the slots of a tag; by default none."""
    holders = (asked or TagLimitReset()).slot_override or []
    async with context.database.write() as connection:
        await tag_limits.reset_tag_limit(connection, scope, tag, holders, now=context.clock())


@router.delete("/tag/{tag}", status_code=200)
async def delete_concurrency_limit_by_tag(context: InContext, scope: InScope, tag: str) -> None:
    """Delete the limit of a tag."""
    async with context.database.write() as connection:
        await tag_limits.delete_tag_limit(
            connection, scope, LimitKey.of_tag(tag), now=context.clock()
        )


@router.get("/{id}", response_model=ConcurrencyLimit)
async def read_concurrency_limit(context: InContext, scope: InScope, id: UUID) -> Response:
    """The limit of this id."""
    async with context.database.read() as connection:
        found = await tag_limits.read_tag_limit(
            connection, scope, LimitKey(id=id), now=context.clock()
        )
    return answer(found)


@router.delete("/{id}", status_code=200)
async def delete_concurrency_limit(context: InContext, scope: InScope, id: UUID) -> None:
    """Delete the limit of this id."""
    async with context.database.write() as connection:
        await tag_limits.delete_tag_limit(connection, scope, LimitKey(id=id), now=context.clock())
