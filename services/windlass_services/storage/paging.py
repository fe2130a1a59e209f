"""Orders and windows of lists."""

from dataclasses import dataclass
from math import ceil
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage.bounds import BOUNDED
from windlass_services.storage.filters.criteria import Clause

SelectT = TypeVar("SelectT", bound=sa.Select[*tuple[Any, ...]])


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list: `limit` rows after the first `offset`."""

    limit: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class PageNumbers:
    """Where a page lies among all: `count` rows make `pages` pages of `limit`."""

    count: int
    limit: int
    pages: int
    page: int

    @classmethod
    def of(cls, count: int, limit: int, page: int) -> "PageNumbers":
        """The numbers of one page."""
        return cls(count, limit, ceil(count / limit) if limit else 0, page)

    def as_fields(self) -> dict[str, int]:
        """As the page shapes name them."""
        return {
            "count": self.count,
            "limit": self.limit,
            "pages": self.pages,
            "page": self.page,
        }


def in_window(asked: SelectT, window: Window) -> SelectT:
    """The question for one window of a list. Raises `QueryTooBroad` when it takes too long."""
    return asked.limit(window.limit).offset(window.offset).execution_options(**BOUNDED)


async def count_rows(connection: AsyncConnection, table: sa.Table, clause: Clause) -> int:
    """How many rows of the table match."""
    asked = sa.select(sa.func.count()).select_from(table).where(clause)
    counted = await connection.execute(asked.execution_options(**BOUNDED))
    return counted.scalar_one()
