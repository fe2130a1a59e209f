"""Where we answer otherwise than stock Prefect 3.6.7, and why; the reasons are those of
docs/decisions/0007-transition-differences.md."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Difference:
    """A set of transitions: of these origins to these proposals. No situations: in all of them."""

    title: str
    """As the decision names it."""
    origins: Collection[str]
    proposals: Collection[str]
    situations: Collection[str] = ()

    def covers(self, situation: str, origin: str, proposal: str) -> bool:
        """Whether this says why the transition differs."""
        return (
            origin in self.origins
            and proposal in self.proposals
            and (not self.situations or situation in self.situations)
        )


_ENDED: Final = ("Completed", "Completed(result)", "Failed", "Cancelled", "Crashed")
_PAUSED: Final = ("Paused", "Paused(expired)", "Suspended", "Suspended(expired)")

FLOW_RUN_DIFFERENCES: Final = (
    Difference(
        "A run that nobody runs is cancelled at once",
        ("Pending(never scheduled)", "Pending", "Pending(future)"),
        ("Cancelling",),
    ),
    Difference(
        "A run that is paused in its process can be cancelled",
        ("Paused", "Paused(expired)"),
        ("Cancelling",),
    ),
    Difference("The end of a pause is no new attempt", _PAUSED, ("Running",)),
    Difference(
        "A pause that is over leaves no mark",
        _PAUSED,
        (
            *("Scheduled", "Scheduled(future)", "AwaitingRetry", "Running"),
            *("Completed", "Failed", "Cancelled", "Crashed"),
        ),
        ("ad hoc", "deployed", "deployed with retries", "with infrastructure"),
    ),
    Difference(
        "A run that ended is scheduled before it is taken again",
        ("Completed", "Failed", "Crashed"),
        ("Pending",),
    ),
    Difference(
        "The first final state stands",
        _ENDED,
        ("Completed", "Failed", "Cancelled", "Crashed"),
    ),
)

TASK_RUN_DIFFERENCES: Final = (
    Difference(
        "A persisted result of its own comes before the cache",
        ("Completed(result)",),
        ("Running(known result)",),
    ),
    Difference(
        "A task run that is told to come back begins anew, too",
        ("Completed", "Failed", "Cancelled", "Crashed"),
        ("Running", "Running(refreshed)"),
        ("in a paused flow run",),
    ),
)
