"""How much of everything: the short form in `make test`, the long form in `make test-chaos`."""

from dataclasses import dataclass
from typing import Final

from tests.support.environment import ASKED


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the tests of faults take their numbers from; times are in seconds."""

    name: str
    pending: int
    """Runs that are PENDING, and as many that are RUNNING, when their machine dies."""
    under_load: int
    """Runs that are made and carried out while something else goes wrong."""
    races: int
    """Runs that two workers race for; cancellations that race a completion."""
    away: float
    """How long the broker does not answer."""
    refused: float
    """How long the database refuses connections."""
    outage: float
    """How long the API or the database is away beyond a lease."""
    live: int
    """Runs that are under way during an outage, and as many that are asked for after it."""
    cuts: int
    """How often something is killed or cut while a load goes on."""
    lease: float
    """How long a run may be silent, and how long it may take to start."""
    patience: float
    """Until then everything has to be over."""


SIZES: Final = {
    "short": Sizes("short", 4, 24, 40, 4.0, 3.0, 1.0, 4, 2, 5.0, 60.0),
    "middle": Sizes("middle", 10, 60, 100, 10.0, 10.0, 10.0, 10, 4, 5.0, 120.0),
    "long": Sizes("long", 50, 500, 1000, 120.0, 60.0, 600.0, 100, 20, 20.0, 900.0),
}
FORM: Final = ASKED.get("WINDLASS_TEST_CHAOS", "short")
CHOSEN: Final = SIZES[FORM]
SEED: Final = int(ASKED.get("WINDLASS_TEST_CHAOS_SEED", "20261121"))
REPORT: Final = ASKED.get("WINDLASS_TEST_CHAOS_REPORT")
"""The file that the table is written to, if any."""
