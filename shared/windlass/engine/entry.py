"""The process of one flow run: from the claim of a worker to an exit status."""

import sys
from typing import Final

from windlass.definitions import FlowDefinition
from windlass.engine.creation import FlowCall
from windlass.engine.exit_codes import ExitCode
from windlass.engine.interrupts import Stop, StopReason
from windlass.engine.leases import HeldClaim
from windlass.engine.outcomes import Outcome
from windlass.engine.process import current_session
from windlass.engine.running import open_task_runner, run_call
from windlass.engine.session import Session
from windlass.exceptions import Abort, ApiError, Pause, ServerUnreachable, Superseded
from windlass.schemas.executions import ClaimedRun
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.states import StateType


def run_claimed(claimed: ClaimedRun, flow: FlowDefinition) -> ExitCode:
    """Run a flow run that a worker claimed, to its end, and say how it ended.

    Its code starts when the server accepts that this execution is RUNNING; from then on the lease
    is renewed. SIGTERM, and the intents that come with a renewal, stop it. Call it in the main
    thread, once, and then let the process end.
    """
    session, stop = current_session(), Stop(owns_process=True)
    policy = claimed.infrastructure_retry
    claim = HeldClaim(
        claimed.execution_id,
        claimed.lease_seconds,
        session.orchestration,
        stop,
        gives_up=policy is not None and policy.covers_lost,
    )
    call = FlowCall(
        flow=flow,
        parameters=flow.binder.gather(dict(claimed.flow_run.parameters)),
        open_task_runner=open_task_runner,
        stop=stop,
        flow_run=claimed.flow_run,
        claim=claim,
    )
    try:
        return _run(call, session)
    finally:
        claim.release()


def run_flow_run(flow_run: FlowRun, flow: FlowDefinition) -> ExitCode:
    """Run a flow run that no worker claimed, such as one of `windlass flow-run execute`.

    The server only observes it: it holds no lease.
    """
    call = FlowCall(
        flow=flow,
        parameters=flow.binder.gather(dict(flow_run.parameters)),
        open_task_runner=open_task_runner,
        stop=Stop(owns_process=True),
        flow_run=flow_run,
    )
    return _run(call, current_session())


def _run(call: FlowCall, session: Session) -> ExitCode:
    try:
        outcome = run_call(call, session)
    except Superseded as error:
        return _said(error, ExitCode.SUPERSEDED)
    except (ApiError, ServerUnreachable) as error:
        return _said(error, ExitCode.UNREACHABLE)
    finally:
        session.outbox.drain(session.drain_seconds)
    return _code_of(outcome, call.stop)


def _code_of(outcome: Outcome, stop: Stop) -> ExitCode:
    if isinstance(outcome.error, Superseded) or stop.reason is StopReason.SUPERSEDED:
        return ExitCode.SUPERSEDED
    if isinstance(outcome.error, Abort | Pause):
        return ExitCode.COMPLETED
    return _CODES.get(outcome.state.type, ExitCode.UNREACHABLE)


_CODES: Final = {
    StateType.COMPLETED: ExitCode.COMPLETED,
    StateType.FAILED: ExitCode.FAILED,
    StateType.SCHEDULED: ExitCode.FAILED,
    StateType.CRASHED: ExitCode.CRASHED,
    StateType.CANCELLED: ExitCode.CANCELLED,
}


def _said(error: Exception, code: ExitCode) -> ExitCode:
    sys.stderr.write(f"windlass: {error}\n")
    return code
