"""What the retry policies of flow runs and of task runs have in common."""

from typing import Annotated, Any, Final, TypeAlias, cast

from pydantic import Field, model_validator

from windlass.schemas.base import Shape

_OLDER_NAMES: Final = {"max_retries": "retries", "retry_delay_seconds": "retry_delay"}


_MAXIMUM_DELAYS: Final = 50
# What is longer than a century would end beyond the last date that there is.
_BEARABLE: Final = Field(ge=-3_153_600_000, le=3_153_600_000)

Seconds: TypeAlias = Annotated[float, _BEARABLE]
WholeSeconds: TypeAlias = Annotated[int, _BEARABLE]
Delays: TypeAlias = Annotated[list[WholeSeconds] | list[Seconds], Field(max_length=_MAXIMUM_DELAYS)]
"""A delay for each retry; the last one counts for all that follow."""


class RetryPolicy(Shape):
    """How often a run is tried again after it failed. Delays are in seconds.

    `max_retries` and `retry_delay_seconds` are the older names of `retries` and `retry_delay`:
    they count where those are not given.
    """

    max_retries: int = 0
    retry_delay_seconds: Seconds = 0
    retries: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_older_names(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        values: dict[str, Any] = {**cast(dict[str, Any], given)}
        for older, name in _OLDER_NAMES.items():
            if values.get(older) and values.get(name) is None:
                values[name] = values[older]
        return values
