"""A flow run that a worker claimed: its lease, what ends it, and its exit status."""

import asyncio
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.claimed_runs import claimed_run
from tests.support.fake_orchestration import FakeOrchestration, aborted
from tests.support.waiting import wait_until
from windlass import flow
from windlass.engine.entry import run_claimed, run_flow_run
from windlass.engine.exit_codes import REPORTED, ExitCode
from windlass.engine.interrupts import Stop, StopReason
from windlass.engine.leases import HeldClaim
from windlass.exceptions import ServerUnreachable, Superseded
from windlass.schemas.executions import ClaimedRun, Intent
from windlass.states import Cancelling, Pending, State


@pytest.fixture
def claimed(fake: FakeOrchestration) -> ClaimedRun:
    """A run that the server handed out, with a short lease."""
    claimed = claimed_run().model_copy(update={"lease_seconds": 0.06})
    fake.runs[claimed.flow_run.id] = claimed.flow_run
    fake.force(claimed.flow_run.id, Pending().to_create())
    return claimed


def states(fake: FakeOrchestration, claimed: ClaimedRun) -> list[str]:
    return [state.name for state in fake.history[claimed.flow_run.id]]


def hang() -> None:
    threading.Event().wait(20)


async def hang_async() -> None:
    await asyncio.Event().wait()


def test_a_claimed_run_presents_its_execution(fake: FakeOrchestration, claimed: ClaimedRun) -> None:
    assert run_claimed(claimed, flow(lambda: 1)) is ExitCode.COMPLETED

    assert {p.execution_id for p in fake.proposals} == {claimed.execution_id}
    assert all(p.leased for p in fake.proposals)
    assert states(fake, claimed) == ["Pending", "Running", "Completed"]


def test_a_run_that_nobody_claimed_is_only_observed(
    fake: FakeOrchestration, claimed: ClaimedRun
) -> None:
    assert run_flow_run(claimed.flow_run, flow(lambda: 1)) is ExitCode.COMPLETED

    assert {(p.execution_id, p.leased) for p in fake.proposals} == {(None, False)}


def test_the_lease_is_renewed_while_the_code_runs(
    fake: FakeOrchestration, claimed: ClaimedRun
) -> None:
    def wait_for_renewals() -> None:
        wait_until(lambda: len(fake.renewed) > 1, description="two renewals")

    assert run_claimed(claimed, flow(wait_for_renewals)) is ExitCode.COMPLETED
    assert set(fake.renewed) == {claimed.execution_id}


@pytest.mark.parametrize("function", [hang, hang_async])
def test_the_intent_to_cancel_cancels_the_run(
    fake: FakeOrchestration, claimed: ClaimedRun, function: Callable[[], Any]
) -> None:
    hooks: list[str] = []

    def note(_flow: object, _run: object, state: State) -> None:
        hooks.append(state.name)

    fake.intent = Intent.CANCEL
    definition = flow(function, on_cancellation=[note])

    assert run_claimed(claimed, definition) is ExitCode.CANCELLED
    assert states(fake, claimed) == ["Pending", "Running", "Cancelled"]
    assert hooks == ["Cancelling"]


@pytest.mark.parametrize("function", [hang, hang_async])
def test_a_superseded_run_stops_and_writes_nothing(
    fake: FakeOrchestration, claimed: ClaimedRun, function: Callable[[], Any]
) -> None:
    fake.intent = Intent.STOP

    assert run_claimed(claimed, flow(function)) is ExitCode.SUPERSEDED
    assert states(fake, claimed) == ["Pending", "Running"]


def test_a_run_whose_execution_is_refused_is_superseded(
    fake: FakeOrchestration, claimed: ClaimedRun
) -> None:
    def refuse(_: object) -> Any:
        raise Superseded

    fake.decide(refuse)

    assert run_claimed(claimed, flow(lambda: 1)) is ExitCode.SUPERSEDED


def test_a_run_of_which_the_server_does_not_hear_says_so(
    fake: FakeOrchestration, claimed: ClaimedRun
) -> None:
    def lose_the_server() -> None:
        fake.is_down = True

    code = run_claimed(claimed, flow(lose_the_server))

    assert code is ExitCode.UNREACHABLE
    assert code not in REPORTED


def test_a_failed_run_exits_with_one(fake: FakeOrchestration, claimed: ClaimedRun) -> None:
    assert run_claimed(claimed, flow(lambda: 1 // 0)) is ExitCode.FAILED
    assert states(fake, claimed) == ["Pending", "Running", "Failed"]


def test_a_run_that_may_not_start_is_no_failure_of_its_process(
    fake: FakeOrchestration, claimed: ClaimedRun
) -> None:
    fake.decide(lambda _: aborted("it was deleted"))

    assert run_claimed(claimed, flow(lambda: 1)) is ExitCode.COMPLETED


def test_a_run_that_is_cancelled_before_it_starts_does_not_run(
    fake: FakeOrchestration, claimed: ClaimedRun
) -> None:
    fake.force(claimed.flow_run.id, Cancelling().to_create())

    assert run_claimed(claimed, flow(hang)) is ExitCode.CANCELLED
    assert states(fake, claimed)[-1] == "Cancelled"


@pytest.mark.parametrize("kind", ["generator", "async generator"])
def test_a_generator_flow_is_run_to_its_end(
    fake: FakeOrchestration, claimed: ClaimedRun, kind: str
) -> None:
    seen: list[int] = []

    def count() -> Any:
        for number in range(3):
            seen.append(number)
            yield number

    async def count_async() -> Any:
        for number in range(3):
            seen.append(number)
            yield number

    run_claimed(claimed, flow(count if kind == "generator" else count_async))

    assert seen == [0, 1, 2]
    assert states(fake, claimed)[-1] == "Completed"


def test_a_lease_that_cannot_be_renewed_is_renewed_later(fake: FakeOrchestration) -> None:
    attempts: list[int] = []

    class Shaky(FakeOrchestration):
        def renew_leases(self, execution_ids: Any) -> Any:
            attempts.append(1)
            if len(attempts) == 1:
                raise ServerUnreachable
            return super().renew_leases(execution_ids)

    shaky, stop = Shaky(), Stop()
    claim = HeldClaim("run.1", 0.01, shaky, stop)
    claim.hold()
    wait_until(lambda: shaky.renewed, description="a renewal after the failure")
    claim.release()
    assert stop.reason is None


def test_who_gives_up_stops_when_its_term_went_by_without_an_answer() -> None:
    class Away(FakeOrchestration):
        def renew_leases(self, execution_ids: Any) -> Any:
            raise ServerUnreachable

    stop = Stop()
    claim = HeldClaim("run.1", 0.05, Away(), stop, gives_up=True)
    claim.hold()
    wait_until(lambda: stop.reason is not None, description="the end of the term")
    claim.release()
    assert stop.reason is StopReason.SUPERSEDED


def test_who_gives_up_goes_on_while_it_is_answered(fake: FakeOrchestration) -> None:
    stop = Stop()
    claim = HeldClaim("run.1", 0.2, fake, stop, gives_up=True)
    claim.hold()
    wait_until(lambda: len(fake.renewed) > 6, description="two terms")
    claim.release()
    assert stop.reason is None


def test_the_first_reason_to_stop_counts() -> None:
    stop = Stop()
    stop.request(StopReason.SUPERSEDED)
    stop.request(StopReason.CANCELLED)

    assert stop.reason is StopReason.SUPERSEDED


def test_a_program_that_handles_sigterm_itself_keeps_doing_so() -> None:
    def theirs(*_: object) -> None: ...

    before = signal.signal(signal.SIGTERM, theirs)
    try:
        with Stop().on_sigterm():
            assert signal.getsignal(signal.SIGTERM) is theirs
        with Stop(owns_process=True).on_sigterm():
            assert signal.getsignal(signal.SIGTERM) is not theirs
        assert signal.getsignal(signal.SIGTERM) is theirs
    finally:
        signal.signal(signal.SIGTERM, before)
