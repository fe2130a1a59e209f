"""What Prometheus gets: the metrics of this process as they are now, from memory alone."""

import time
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from windlass_services.runtime.metrics import (
    COUNTED,
    LOOP_AGE,
    LOOP_ALLOWED,
    MEASURED,
    METRICS_AGE,
)
from windlass_services.runtime.pulse import Pulse

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST


def exposition(pulse: Pulse) -> bytes:
    """The page at `/metrics`. It asks nobody, so it neither fails nor waits.

    What schedulers measure is a part of it where this process measures.
    """
    LOOP_AGE.clear()
    for name, age in pulse.ages().items():
        LOOP_AGE.labels(name).set(age)
    LOOP_ALLOWED.clear()
    for name, seconds in pulse.allowed().items():
        LOOP_ALLOWED.labels(name).set(seconds)
    page = generate_latest(REGISTRY) + generate_latest(COUNTED)
    measures = any(family.samples for family in METRICS_AGE.collect())
    return page + generate_latest(MEASURED) if measures else page


def just_measured(source: str) -> None:
    """What schedulers export of `source` is of this moment, and grows older from now on."""
    at = time.monotonic()
    METRICS_AGE.labels(source).set_function(lambda: time.monotonic() - at)
