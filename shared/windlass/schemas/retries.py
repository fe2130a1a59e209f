"""What the retry policies of flow runs and of task runs have in common."""

from typing import Any, Final, cast

from pydantic import model_validator

from windlass.schemas.base import Shape

_OLDER_NAMES: Final = {"max_retries": "retries", "retry_delay_seconds": "retry_delay"}


class RetryPolicy(Shape):
    """How often a run is tried again after it failed. Delays are in seconds.

    `max_retries` and `retry_delay_seconds` are the older names of `retries` and `retry_delay`:
    they count where those are not given.
    """

    max_retries: int = 0
    retry_delay_seconds: float = 0
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
