"""The table of events, read from beginning to end as it grew."""

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import from_json, to_json

from windlass_services.storage.consumers import read_events_received
from windlass_services.storage.database import Database

PAGE: Final = 500


async def pages_received(
    database: Database, since: datetime, *, until: datetime | None = None
) -> AsyncGenerator[list[dict[str, Any]]]:
    """The events of a period in the order in which they were received, both ends included.

    No connection is held while a page is looked at. The last page may be empty.
    """
    after: tuple[datetime, UUID] | None = None
    page: list[dict[str, Any]] = []
    while after is None or len(page) == PAGE:
        async with database.read() as connection:
            page = await read_events_received(connection, since, after, PAGE, until=until)
        yield page
        if not page:
            return
        after = page[-1]["received"], page[-1]["id"]


def as_sent(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stored event in the form of its message."""
    sent: Mapping[str, Any] = from_json(to_json(row))
    return sent
