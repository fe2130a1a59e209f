"""What becomes of a run whose task worker is gone."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from windlass.schemas.states import State, StateDetails, StateType
from windlass_services.api.lost_task_runs import verdict_on
from windlass_services.storage.task_deliveries import LostRun

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PARAMETERS = uuid4()


def lost(type: StateType, *, run_count: int = 1, retries: int = 0, name: str = "") -> LostRun:
    due = StateDetails(scheduled_time=NOW) if type is StateType.SCHEDULED else StateDetails()
    state = State(type=type, name=name, state_details=due)
    return LostRun(uuid4(), uuid4(), "a-worker", PARAMETERS, state, run_count, {"retries": retries})


@pytest.mark.parametrize(
    ("run", "name"),
    [
        (lost(StateType.PENDING, run_count=0), "Scheduled"),
        (lost(StateType.SCHEDULED, name="AwaitingRetry"), "AwaitingRetry"),
        (lost(StateType.RUNNING), "Crashed"),
        (lost(StateType.RUNNING, retries=1), "AwaitingRetry"),
        (lost(StateType.RUNNING, run_count=2, retries=1), "Crashed"),
        (lost(StateType.CANCELLING), "Cancelled"),
    ],
)
def test_what_becomes_of_a_lost_run(run: LostRun, name: str) -> None:
    state = verdict_on(run, NOW)
    assert state.name == name
    assert "a-worker" in (state.message or "")


def test_a_run_that_goes_to_another_worker_takes_its_parameters_along() -> None:
    for run in (lost(StateType.PENDING), lost(StateType.RUNNING, retries=1)):
        details = verdict_on(run, NOW).state_details
        assert details.deferred
        assert (details.task_parameters_id, details.scheduled_time) == (PARAMETERS, NOW)
