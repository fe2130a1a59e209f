"""How often a task run is tried again, and when. Pure: chance comes in as an argument."""

from collections.abc import Sequence
from dataclasses import dataclass

from windlass.context import TaskDefaults
from windlass.definitions import RetryDelays, TaskDefinition
from windlass.exceptions import ConfigurationError
from windlass.schemas.base import JsonObject

MOST_DELAYS = 50


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The last of `delays`, in seconds, counts for all retries that follow."""

    retries: int
    delays: tuple[float, ...]
    jitter_factor: float = 0.0

    def delay(self, retry: int, chance: float) -> float:
        """Seconds before a retry, counted from 1; `chance` lies between 0 and 1."""
        if not self.delays:
            return 0.0
        delay = self.delays[min(retry, len(self.delays)) - 1]
        return delay * (1 + self.jitter_factor * chance)

    def as_json(self) -> JsonObject:
        """The fields of a `TaskRunPolicy` that say something."""
        if not self.retries:
            return {}
        delay = self.delays[0] if len(self.delays) == 1 else list(self.delays)
        policy: JsonObject = {"retries": self.retries, "retry_delay": delay or 0}
        if self.jitter_factor:
            policy["retry_jitter_factor"] = self.jitter_factor
        return policy


NO_RETRIES = RetryPolicy(0, ())


def retry_policy(task: TaskDefinition, defaults: TaskDefaults) -> RetryPolicy:
    """What counts for the runs of `task`: what it says itself, else the defaults.

    Raises ConfigurationError for more than 50 delays.
    """
    retries = defaults.retries if task.retries is None else task.retries
    if retries == 0:
        return NO_RETRIES
    delays = task.retry_delay_seconds
    if delays is None:
        delays = defaults.retry_delay_seconds
    return RetryPolicy(retries, _delays(delays, retries), task.retry_jitter_factor or 0.0)


def _delays(delays: RetryDelays, retries: int) -> tuple[float, ...]:
    if callable(delays):
        delays = delays(retries)
    if not isinstance(delays, Sequence):
        return (float(delays),)
    if len(delays) > MOST_DELAYS:
        raise ConfigurationError(
            f"`retry_delay_seconds` has {len(delays)} delays; at most {MOST_DELAYS} are allowed: "
            "the last one counts for all retries that follow."
        )
    return tuple(map(float, delays))
