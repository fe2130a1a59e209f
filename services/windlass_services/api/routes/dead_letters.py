"""Dead letters: what consumers and workers gave up, looked at and tried again."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Annotated

from pydantic_core import from_json
from starlette.responses import Response

from windlass.exceptions import RequestInvalid, ServerBusy
from windlass.schemas.dead_letters import (
    DeadLetter,
    DeadLetterQuery,
    DeadLettersRedriven,
    DeadLettersToRedrive,
)
from windlass.schemas.teardowns import TEARDOWNS_TOPIC
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.windows import window_of
from windlass_services.events.rows import CONSUMER_GROUPS
from windlass_services.storage import teardowns
from windlass_services.storage.teardowns import GivenUpTeardown
from windlass_services.streams import protocol
from windlass_services.streams.errors import BrokerUnavailable

router = Routes(prefix="/admin/dead_letters", tags=["Admin"])


@router.post("/filter", response_model=list[DeadLetter])
async def read_dead_letters(
    context: InContext,
    scope: InScope,
    query: Annotated[DeadLetterQuery | None, Body()] = None,
) -> Response:
    """The newest dead letters, newest first; teardowns that were given up are among them."""
    query = query or DeadLetterQuery()
    limit = window_of(context, query.limit).limit
    topics = _topics(query.topic)
    with _busy_without_broker():
        found = [
            _shown(letter)
            for topic in topics
            for letter in await context.streams.dead_letters(topic, limit)
        ]
    if query.topic in (None, TEARDOWNS_TOPIC):
        async with context.database.read() as connection:
            given_up = await teardowns.read_given_up_teardowns(connection, scope, limit)
        found += [_shown_teardown(teardown) for teardown in given_up]
    found.sort(key=lambda letter: letter.at, reverse=True)
    return answer_list(found[:limit])


@router.post("/redrive", response_model=DeadLettersRedriven)
async def redrive(context: InContext, scope: InScope, asked: DeadLettersToRedrive) -> Response:
    """Publish dead letters, and try teardowns, again. What fails again comes back."""
    ids = None if asked.all else frozenset(asked.ids or ())
    topics = _topics(asked.topic)
    redriven = 0
    with _busy_without_broker():
        for topic in topics:
            redriven += await context.streams.redrive(topic, ids)
    if asked.topic in (None, TEARDOWNS_TOPIC):
        async with context.database.write() as connection:
            redriven += await teardowns.redrive_teardowns(
                connection, scope, ids, now=context.clock()
            )
    return answer(DeadLettersRedriven(redriven=redriven))


def _topics(asked: str | None) -> Sequence[str]:
    """Those of the broker. Raises `RequestInvalid` for a topic that there is not."""
    if asked is None:
        return tuple(CONSUMER_GROUPS)
    if asked == TEARDOWNS_TOPIC:
        return ()
    if asked not in CONSUMER_GROUPS:
        there_are = ", ".join((*CONSUMER_GROUPS, TEARDOWNS_TOPIC))
        raise RequestInvalid(f"There is no topic {asked!r}: {there_are}.")
    return (asked,)


@contextmanager
def _busy_without_broker() -> Generator[None]:
    try:
        yield
    except BrokerUnavailable as error:
        raise ServerBusy(str(error)) from error


def _shown(letter: protocol.DeadLetter) -> DeadLetter:
    message = letter.delivery.message
    return DeadLetter(
        id=message.id,
        topic=letter.delivery.topic,
        key=message.key,
        reason=letter.reason,
        at=letter.at,
        body=_json(message.body),
    )


def _shown_teardown(teardown: GivenUpTeardown) -> DeadLetter:
    return DeadLetter(
        id=teardown.execution_id,
        topic=TEARDOWNS_TOPIC,
        key=str(teardown.flow_run_id),
        reason=teardown.last_error or "",
        at=teardown.given_up_at,
        body={
            "work_pool_name": teardown.pool,
            "attempts": teardown.attempts,
            "handle": teardown.handle,
        },
    )


def _json(body: bytes) -> object:
    try:
        return from_json(body)
    except ValueError:  # that may be why it is here
        return None
