"""What becomes of a run whose infrastructure was lost, or never came to be."""

from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import Field

from windlass.schemas.base import Shape

_A_WEEK = 7 * 86_400.0

RetryCount: TypeAlias = Annotated[int, Field(ge=0, le=100)]
"""How often something is tried again."""


class InfrastructureFailure(StrEnum):
    """Why an execution ended before the run did."""

    NOT_STARTED = "not_started"
    """Its infrastructure was refused, or was gone before the code of the run began."""
    ENDED = "ended"
    """Its infrastructure ended while the code of the run was at work: out of memory, evicted."""
    LOST = "lost"
    """Its lease expired: the process or machine is gone, or could not reach the API."""


class InfrastructureRetry(Shape):
    """How often a run is dispatched anew, as a new execution, when its infrastructure fails.

    Counted apart from the retries of the flow's code. Before retry number n, counted from 0, the
    run waits `delay_seconds * backoff_factor ** n` seconds, and `longest_delay_seconds` at most.
    Causes that are not named crash the run.
    """

    max_retries: RetryCount
    delay_seconds: Annotated[float, Field(ge=0, le=_A_WEEK)] = 10.0
    backoff_factor: Annotated[float, Field(ge=1, le=10)] = 2.0
    longest_delay_seconds: Annotated[float, Field(ge=0, le=_A_WEEK)] = 600.0
    causes: list[InfrastructureFailure] = Field(default_factory=lambda: list(InfrastructureFailure))

    @property
    def covers_lost(self) -> bool:
        """Whether the run of a lost process is dispatched anew, so that the process must stop."""
        return self.max_retries > 0 and InfrastructureFailure.LOST in self.causes

    def delay_before(self, retry: int) -> float:
        """Seconds to wait before this retry; the first one is number 0."""
        # The power of a long row of retries is beyond what a float holds.
        factor = self.backoff_factor ** min(retry, 64)
        return min(self.delay_seconds * factor, self.longest_delay_seconds)
