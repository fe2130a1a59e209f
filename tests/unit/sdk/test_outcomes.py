"""What the return value of a function means for its run."""

from typing import Any

import pytest

from windlass.engine.outcomes import outcome_of
from windlass.exceptions import CancelledRun, CrashedRun, FailedRun, MissingResult, UnfinishedRun
from windlass.ids import uuid7
from windlass.schemas.states import LocalResult, State, StateDetails
from windlass.states import (
    Cancelled,
    Completed,
    Crashed,
    Failed,
    Pending,
    Running,
    StateGroup,
    describe,
    get_state_exception,
    raise_state_exception,
    to_state_create,
)


def of_a_run(state: State) -> State:
    """The state as a run was in it."""
    return state.model_copy(update={"state_details": StateDetails(task_run_id=uuid7())})


FINE = of_a_run(Completed(data=LocalResult(1)))
BROKEN = of_a_run(Failed(data=ValueError("broken"), message="broken"))
UNDER_WAY = of_a_run(Running())


@pytest.mark.parametrize("value", [None, 1, "text", [1, 2], {"a": FINE}, ("bar", BROKEN), []])
def test_anything_but_states_is_a_result(value: Any) -> None:
    outcome = outcome_of(value)

    assert describe(outcome.state) == "Completed()"
    assert outcome.state.result() == outcome.value == value


@pytest.mark.parametrize("state", [Failed(message="no"), Completed(name="Skipped"), Cancelled()])
def test_a_state_made_by_hand_is_the_final_state_and_what_the_caller_gets(state: State) -> None:
    outcome = outcome_of(state)

    assert outcome.state is state
    assert outcome.value is state
    assert outcome.error is None


@pytest.mark.parametrize("value", [FINE, [FINE, FINE], (FINE,), [FINE, Completed()]])
def test_states_that_all_completed_complete_the_run(value: Any) -> None:
    outcome = outcome_of(value)

    assert describe(outcome.state) == "Completed('All states completed.')"
    assert outcome.value == value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (BROKEN, "1/1 states failed."),
        ([FINE, BROKEN, BROKEN], "2/3 states failed."),
        ([FINE, UNDER_WAY], "1/2 states are not final."),
        ([FINE, of_a_run(Cancelled())], "1/2 states cancelled."),
    ],
)
def test_a_state_that_did_not_complete_fails_the_run(value: Any, message: str) -> None:
    outcome = outcome_of(value)

    assert outcome.state.is_failed()
    assert outcome.state.message == message
    assert outcome.error is not None


def test_the_caller_gets_the_exception_of_the_first_that_failed() -> None:
    error = outcome_of([FINE, BROKEN]).error

    assert isinstance(error, ValueError)
    assert str(error) == "broken"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (Failed(message="why"), FailedRun),
        (Crashed(message="why"), CrashedRun),
        (Cancelled(message="why"), CancelledRun),
    ],
)
def test_a_state_without_exception_has_one_of_its_kind(
    state: State, expected: type[Exception]
) -> None:
    with pytest.raises(expected, match="why"):
        state.result()
    assert isinstance(state.result(raise_on_failure=False), expected)


def test_a_run_that_is_not_finished_has_no_result() -> None:
    with pytest.raises(UnfinishedRun):
        Pending().result()


def test_a_result_that_is_in_another_process_is_missing() -> None:
    with pytest.raises(MissingResult):
        of_a_run(Completed()).result()


def test_a_completed_state_has_no_exception() -> None:
    raise_state_exception(Completed())
    with pytest.raises(ValueError, match="no exception"):
        get_state_exception(Completed())


def test_what_a_state_holds_in_this_process_is_not_sent() -> None:
    assert to_state_create(FINE).data is None


def test_a_group_of_states_counts_them() -> None:
    group = StateGroup([FINE, BROKEN, UNDER_WAY])

    assert group.counts_message() == "total=3, 'COMPLETED'=1, 'FAILED'=1, 'RUNNING'=1"
    assert (group.all_final(), group.any_failed(), group.any_paused()) == (False, True, False)


def test_a_state_of_another_name_says_its_type() -> None:
    assert describe(Completed(name="Skipped", message="m")) == "Skipped('m', type=COMPLETED)"
