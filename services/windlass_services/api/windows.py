"""What a list route reads: filters, and a window within the server's limit."""

from typing import Any

from windlass.exceptions import RequestInvalid
from windlass_services.api.context import ApiContext
from windlass_services.storage.filters.query import Filters
from windlass_services.storage.paging import Window


def window_of(context: ApiContext, limit: int | None, offset: int = 0) -> Window:
    """The window that a list route reads. Raises `RequestInvalid` over the server's limit."""
    most = context.settings.server.api.default_limit
    if limit is None:
        return Window(most, offset)
    if not 0 <= limit <= most:
        raise RequestInvalid(
            f"Invalid limit: {limit} is not between 0 and {most}. Ask for several windows with"
            " `offset`, or raise WINDLASS_SERVER_API_DEFAULT_LIMIT."
        )
    return Window(limit, offset)


def page_of(context: ApiContext, limit: int | None, page: int) -> Window:
    """The window of a page; pages count from 1."""
    window = window_of(context, limit)
    return Window(window.limit, (page - 1) * window.limit)


def filters_of(query: Any) -> Filters:
    """The filters of a query body: those of its fields that are filters."""
    if query is None:
        return Filters()
    return Filters(**{name: getattr(query, name, None) for name in Filters.__slots__})
