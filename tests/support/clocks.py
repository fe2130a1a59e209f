"""Processes of Python whose clock is wrong; the clock that only goes forward stays right."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_CODE: Final = "PYTHONPATH"
_SHIM: Final = Path(__file__).with_name("wrong_clock")


def with_skew(environment: Mapping[str, str], seconds: float) -> dict[str, str]:
    """The environment of a process, and of those it starts, whose clock is off by so much."""
    folders = [str(_SHIM), *filter(None, [environment.get(_CODE) or os.environ.get(_CODE)])]
    code = os.pathsep.join(folders)
    return {**environment, _CODE: code, "TESTS_CLOCK_SKEW": str(seconds)}
