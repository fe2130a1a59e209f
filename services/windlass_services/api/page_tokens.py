"""Where the next page of events begins, as a token that clients hand back unread."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from windlass.exceptions import Forbidden
from windlass.schemas.filters.events import EventFilter


@dataclass(frozen=True, slots=True)
class PageToken:
    """The question, the size of a page, where the page begins, and the total once counted."""

    filter: EventFilter
    limit: int
    offset: int
    total: int | None


_TOKEN = TypeAdapter(PageToken)


def write_page_token(token: PageToken) -> str:
    """The token as text that is safe in a URL."""
    return urlsafe_b64encode(_TOKEN.dump_json(token)).decode()


def read_page_token(text: str) -> PageToken:
    """Raises `Forbidden` for text that is no token of ours, as Prefect's API does."""
    try:
        return _TOKEN.validate_json(urlsafe_b64decode(text))
    except (ValueError, ValidationError) as error:
        raise Forbidden("The page token is invalid: follow `next_page` unchanged.") from error
