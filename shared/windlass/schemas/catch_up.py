"""Which runs of a deployment's schedules still go when nobody took them in time."""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

MOST_CAUGHT_UP: Final = 1_000

CatchUp: TypeAlias = (
    Literal["all", "latest", "none"] | Annotated[int, Field(strict=True, ge=1, le=MOST_CAUGHT_UP)]
)
"""`all`: every run, the oldest first. `latest`: only the newest that is due. A number: so many of
the newest. `none`: only those that are taken before they count as late.

What does not go is closed: it is cancelled, in the state `Skipped`. It is said of runs that a
schedule made and that nobody took yet; no policy is the same as `all`.
"""
