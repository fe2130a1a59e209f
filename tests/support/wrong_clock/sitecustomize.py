"""A Python whose clock is off: it finds this on its PYTHONPATH before it imports anything."""

import os
import time
from datetime import datetime, timedelta

from windlass import clock

_SECONDS = float(os.environ["TESTS_CLOCK_SKEW"])
_right_now, _right_time, _right_time_ns = clock.utc_now, time.time, time.time_ns


def utc_now() -> datetime:
    return _right_now() + timedelta(seconds=_SECONDS)


clock.utc_now = utc_now
time.time = lambda: _right_time() + _SECONDS
time.time_ns = lambda: _right_time_ns() + int(_SECONDS * 1_000_000_000)
