"""What the probes answer, whoever serves them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import anyio

from windlass_services.runtime.pulse import Pulse

_PATIENCE: Final = 5.0


def live_answer(pulse: Pulse) -> tuple[int, dict[str, Any]]:
    """200 while every loop beats; 503 names the silent ones. Ages are in seconds."""
    late = pulse.late()
    ages = {name: round(age, 3) for name, age in pulse.ages().items()}
    return (503 if late else 200), {"live": not late, "silent": late, "loop_ages": ages}


async def ready_answer(
    dependencies: Mapping[str, Callable[[], Awaitable[None]]],
) -> tuple[int, dict[str, Any]]:
    """200 when every dependency answers within a few seconds; 503 says which one does not."""
    problems: dict[str, str] = {}
    for name, ping in dependencies.items():
        try:
            with anyio.fail_after(_PATIENCE):
                await ping()
        except Exception as error:
            problems[name] = str(error) or type(error).__name__
    return (503 if problems else 200), {"ready": not problems, "problems": problems}
