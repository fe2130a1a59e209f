"""States: their types and names, what they say of themselves, and how they are made."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from windlass.schemas import state_constructors as make
from windlass.schemas.states import TERMINAL_STATES, State, StateCreate, StateDetails, StateType

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ID = UUID("00000000-0000-0000-0000-00000000000a")

NAMED = {
    "Scheduled": StateType.SCHEDULED,
    "Late": StateType.SCHEDULED,
    "AwaitingRetry": StateType.SCHEDULED,
    "AwaitingConcurrencySlot": StateType.SCHEDULED,
    "Resuming": StateType.SCHEDULED,
    "Pending": StateType.PENDING,
    "Running": StateType.RUNNING,
    "Retrying": StateType.RUNNING,
    "Paused": StateType.PAUSED,
    "Suspended": StateType.PAUSED,
    "Cancelling": StateType.CANCELLING,
    "Cancelled": StateType.CANCELLED,
    "Completed": StateType.COMPLETED,
    "Cached": StateType.COMPLETED,
    "RolledBack": StateType.COMPLETED,
    "Failed": StateType.FAILED,
    "TimedOut": StateType.FAILED,
    "Crashed": StateType.CRASHED,
}


@pytest.mark.parametrize("type", StateType)
def test_a_state_answers_for_its_own_type_only(type: StateType) -> None:
    state = State(type=type)
    yes = {each for each in StateType if getattr(state, f"is_{each.lower()}")()}
    assert yes == {type}
    assert state.is_final() == (type in TERMINAL_STATES)


def test_four_types_are_final() -> None:
    assert {type.value for type in TERMINAL_STATES} == {
        "COMPLETED",
        "FAILED",
        "CANCELLED",
        "CRASHED",
    }


@pytest.mark.parametrize("given", [{}, {"name": None}, {"name": ""}])
def test_a_state_without_a_name_is_called_like_its_type(given: dict[str, str | None]) -> None:
    assert State.model_validate({"type": "RUNNING", **given}).name == "Running"
    assert StateCreate.model_validate({"type": "CRASHED", **given}).name == "Crashed"


def test_a_state_keeps_a_name_of_its_own() -> None:
    assert State(type=StateType.COMPLETED, name="Skipped").name == "Skipped"


def test_an_unknown_type_is_the_only_complaint() -> None:
    with pytest.raises(ValidationError) as raised:
        State.model_validate({"type": "DONE"})
    assert [error["loc"] for error in raised.value.errors()] == [("type",)]


def test_a_state_cannot_be_changed() -> None:
    state = make.Running()
    with pytest.raises(ValidationError, match="frozen"):
        state.name = "Stopped"


def test_a_state_survives_the_wire() -> None:
    state = make.Paused(timeout_seconds=60, pause_key="k", id=ID, now=NOW, data={"x": [1]})
    assert State.model_validate_json(state.model_dump_json()) == state


@pytest.mark.parametrize(("name", "type"), NAMED.items())
def test_each_documented_name_has_its_type(name: str, type: StateType) -> None:
    state: State = getattr(make, name)(id=ID, now=NOW, message="why")
    assert (state.name, state.type, state.id, state.timestamp) == (name, type, ID, NOW)
    assert state.message == "why"


def test_a_state_may_be_given_another_name() -> None:
    state = make.Completed(name="Skipped")
    assert (state.name, state.type) == ("Skipped", StateType.COMPLETED)


@pytest.mark.parametrize(
    ("given", "due"),
    [
        ({}, NOW),
        ({"scheduled_time": NOW + timedelta(hours=1)}, NOW + timedelta(hours=1)),
        (
            {"state_details": StateDetails(scheduled_time=NOW - timedelta(hours=1))},
            NOW - timedelta(hours=1),
        ),
    ],
)
def test_a_scheduled_state_is_due_at_once_unless_told(given: dict[str, Any], due: datetime) -> None:
    assert make.Scheduled(now=NOW, **given).state_details.scheduled_time == due


def test_a_pause_ends_after_its_timeout() -> None:
    details = make.Paused(timeout_seconds=90, now=NOW).state_details
    assert details.pause_timeout == NOW + timedelta(seconds=90)
    assert not details.pause_reschedule


def test_a_suspended_run_leaves_its_process() -> None:
    assert make.Suspended(now=NOW).state_details.pause_reschedule


def test_a_pause_with_two_ends_is_refused() -> None:
    with pytest.raises(ValueError, match="give one"):
        make.Paused(timeout_seconds=90, pause_expiration_time=NOW)


def test_details_are_added_to_those_given() -> None:
    given = StateDetails(flow_run_id=ID)
    details = make.Suspended(pause_key="k", state_details=given).state_details
    assert (details.flow_run_id, details.pause_key) == (ID, "k")
    assert given.pause_key is None


def test_what_is_asked_for_is_what_is_entered() -> None:
    asked = make.Failed(message="boom", data=1, state_details=StateDetails(retriable=True))
    entered = asked.to_create().to_state(ID, NOW)
    assert entered == asked.model_copy(update={"id": ID, "timestamp": NOW})


def test_asking_for_a_scheduled_state_without_a_time_means_now() -> None:
    entered = StateCreate(type=StateType.SCHEDULED).to_state(ID, NOW)
    assert entered.state_details.scheduled_time == NOW
