"""Task runs that their clients only tell about, by events as stock clients send them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from tests.chaos.load import insist
from tests.chaos.verdict import Rows
from tests.support.waiting import wait_until
from windlass.clock import utc_now
from windlass.ids import uuid7

_STATES: Final = ("Pending", "Running", "Completed")
_BATCH: Final = 50


@dataclass(slots=True)
class ToldTaskRuns:
    """Three events for each of them; what came of them is read beside the server."""

    api: str
    rows: Rows
    patience: float
    name: UUID = field(default_factory=uuid7)
    number: int = 0

    def tell(self, number: int, *, skew: timedelta = timedelta()) -> None:
        """Send the events of new task runs, whose client's clock is off by `skew`."""
        self.send(self.make(number, skew=skew))

    def make(self, number: int, *, skew: timedelta = timedelta()) -> list[dict[str, Any]]:
        """The events of new task runs, in order; each has to be sent."""
        self.number += number
        return [event for _ in range(number) for event in self._of_one(skew)]

    def send(self, events: Sequence[dict[str, Any]]) -> None:
        """Send these, until each was taken."""
        for start in range(0, len(events), _BATCH):
            insist(f"{self.api}/events", list(events[start : start + _BATCH]), self.patience)

    def missing(self) -> int:
        """How many did not arrive whole: completed, and with every state once."""
        with suppress(TimeoutError):
            wait_until(
                lambda: self._completed() >= self.number,
                timeout=self.patience,
                description=f"{self.number} task runs to be recorded",
            )
        states = len(_STATES) * self.number
        return abs(self._completed() - self.number) + abs(self._states() - states)

    def _completed(self) -> int:
        found = f"FROM task_run WHERE name = '{self.name}' AND state_type = 'COMPLETED'"
        return self.rows.of(f"SELECT count(*) {found}")[0][0]

    def _states(self) -> int:
        found = "FROM task_run r JOIN task_run_state s ON s.task_run_id = r.id"
        return self.rows.of(f"SELECT count(*) {found} WHERE r.name = '{self.name}'")[0][0]

    def _of_one(self, skew: timedelta) -> list[dict[str, Any]]:
        id, now = uuid7(), utc_now() + skew
        run = {"name": str(self.name), "task_key": "task", "dynamic_key": str(id), "run_count": 1}
        return [
            {
                "id": str(uuid7()),
                "occurred": (now + timedelta(milliseconds=number)).isoformat(),
                "event": f"prefect.task-run.{state}",
                "resource": {
                    "prefect.resource.id": f"prefect.task-run.{id}",
                    "prefect.orchestration": "client",
                },
                "payload": {
                    "task_run": run,
                    "validated_state": {"type": state.upper(), "name": state},
                },
            }
            for number, state in enumerate(_STATES)
        ]
