"""How a flow run goes, from its creation to its final state."""

import logging
from collections.abc import Sequence
from time import monotonic
from typing import Any, Final

from windlass.context import FlowRunContext, RunScope
from windlass.definitions import StateHook
from windlass.engine.calls import CallUser
from windlass.engine.creation import (
    FlowCall,
    ManagedTaskRunner,
    create_flow_run,
    update_flow_run,
)
from windlass.engine.effects import (
    Abandoned,
    Await,
    Close,
    Description,
    Drain,
    HoldLease,
    RunHooks,
    Sleep,
)
from windlass.engine.inputs import resolved, unfinished
from windlass.engine.interrupts import StopReason
from windlass.engine.outcomes import Outcome, outcome_of
from windlass.engine.proposals import propose
from windlass.engine.session import Session
from windlass.engine.timeouts import FlowRunTimeoutError, TimeLimit
from windlass.engine.tracebacks import in_user_code
from windlass.exceptions import (
    Abort,
    ApiError,
    Pause,
    ServerUnreachable,
    Superseded,
    UpstreamTaskError,
)
from windlass.futures import find_futures
from windlass.logging.loggers import flow_run_logger
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.states import LocalResult, State, StateType, state_exception
from windlass.states import (
    Cancelled,
    Cancelling,
    Completed,
    Pending,
    Retrying,
    Running,
    TimedOut,
    describe,
    exception_to_crashed_state,
    exception_to_failed_state,
)
from windlass.utilities.binding import Parameters
from windlass.utilities.urls import flow_run_url

_PAUSE_WHILE_PENDING: Final = 1.0


def flow_run(call: FlowCall, session: Session) -> Description[Outcome]:
    """Run what `call` says; the outcome is what its caller gets."""
    yield from Await(unfinished(call.parameters, call.wait_for))
    try:
        parameters = resolved(call.parameters, call.wait_for)
    except UpstreamTaskError as error:
        not_ready = Pending(name="NotReady", message=str(error))
        yield from create_flow_run(call, {}, not_ready, session)
        return Outcome(not_ready, error=error)
    run = call.flow_run
    if run is None:
        run = yield from create_flow_run(call, parameters, Pending(), session)
    return (yield from _FlowRunEngine(call, run, session).run(parameters))


class _FlowRunEngine:
    """One flow run under way."""

    def __init__(self, call: FlowCall, run: FlowRun, session: Session) -> None:
        self._call = call
        self._flow = call.flow
        self._session = session
        self._run = run
        self._log = flow_run_logger(run, call.flow)

    def run(self, parameters: Parameters) -> Description[Outcome]:
        """Everything that is left to do, whatever interrupts it."""
        try:
            return (yield from self._attempts(parameters))
        except (ApiError, ServerUnreachable):
            raise
        except (Abort, Pause) as signal:
            self._log.info("The flow run stops here: %s", signal)
            return Outcome(self._state(), error=signal)
        except BaseException as error:
            return (yield from self._interrupted(error))

    def _attempts(self, parameters: Parameters) -> Description[Outcome]:
        try:
            yield from self._introduce(parameters)
            if self._flow.should_validate_parameters:
                parameters = self._flow.parameter_model.validate(parameters)
        except (ApiError, ServerUnreachable):
            raise
        except Exception as error:
            # A parameter of the wrong type, or a name that cannot be made of the parameters.
            state = yield from self._finish(exception_to_failed_state(error))
            return Outcome(state, error=error)
        while True:
            state = yield from self._begin()
            if not state.is_running():
                return _decided_by_server(state)
            outcome = yield from self._attempt(parameters)
            state = yield from self._finish(outcome.state)
            if not state.is_scheduled():
                return _settled(outcome, state)
            self._log.info("The flow run is tried again: %s", describe(state))
            yield from self._wait_until_due(state)

    def _introduce(self, parameters: Parameters) -> Description[None]:
        if self._call.flow_run is not None:
            self._run = yield from update_flow_run(self._call, self._run, parameters, self._session)
            self._log = flow_run_logger(self._run, self._flow)
        self._log.info("Beginning flow run %r for flow %r", self._run.name, self._flow.name)
        if (url := flow_run_url(self._session.ui_url, self._run.id)) is not None:
            self._log.info("View at %s", url)

    def _begin(self) -> Description[State]:
        """Become RUNNING; or something else, if the server has decided how the run ends."""
        is_retry = self._run.state_name == "AwaitingRetry"
        while True:
            state = yield from self._propose(Retrying() if is_retry else Running())
            if state.is_running():
                break
            if state.is_paused():
                raise Pause(f"The flow run is {state.name}: it goes on when it is resumed.")
            if state.type is StateType.CANCELLING:
                return (yield from self._cancel(state))
            if state.is_final():
                return state
            yield from self._wait_until_due(state)
        self._run = self._run.model_copy(update={"run_count": self._run.run_count + 1})
        if self._call.claim is not None:
            yield from HoldLease(self._call.claim)
        yield from self._hooks(self._flow.on_running_hooks, state)
        return state

    def _attempt(self, parameters: Parameters) -> Description[Outcome]:
        """Call the function, and say what came of it."""
        runner = self._call.open_task_runner(self._flow, self._session.task_defaults)
        limit = self._limit()
        let_runs_finish = True
        try:
            returned = yield from self._call_function(parameters, runner, limit)
            yield from Await(find_futures(returned))
            return outcome_of(returned)
        except Abandoned:
            message = "Not all that the flow yields was asked for."
            return Outcome(Completed(message=message, data=LocalResult(None)))
        except Exception as error:
            if limit is not None and error is limit.expired:
                return Outcome(TimedOut(message=str(error), data=error), error=error)
            kind = type(error).__name__
            self._log.error("The flow run raised %s.", kind, exc_info=in_user_code(error))
            return Outcome(exception_to_failed_state(error), error=error)
        except Pause:
            # Whoever is suspended lets what has started run to its end.
            raise
        except BaseException:
            let_runs_finish = False
            raise
        finally:
            yield from Close(runner, wait=let_runs_finish)

    def _call_function(
        self, parameters: Parameters, runner: ManagedTaskRunner, limit: TimeLimit | None
    ) -> Description[Any]:
        context = self._context(parameters, runner, limit)
        args, kwargs = self._flow.binder.arguments(parameters)
        return (
            yield from CallUser(
                self._flow.fn,
                args,
                kwargs,
                RunScope(context),
                log_prints=context.log_prints,
                limit=limit,
                is_async=self._flow.isasync,
                consumes=True,
            )
        )

    def _finish(self, proposed: State) -> Description[State]:
        """Enter a final state, and do what is to be done on it.

        Another state if the server decided so: one that is SCHEDULED means another attempt.
        """
        if self._call.scope.flow is None:
            yield from Drain()
        state = yield from self._propose(proposed)
        if state.type is StateType.CANCELLING:
            return (yield from self._cancel(state))
        if state.is_final():
            yield from self._ended(state)
        return state

    def _cancel(self, cancelling: State) -> Description[State]:
        yield from self._hooks(self._flow.on_cancellation_hooks, cancelling)
        state = yield from self._propose(Cancelled(message=cancelling.message))
        yield from self._ended(state)
        return state

    def _ended(self, state: State) -> Description[None]:
        level = logging.INFO if state.is_completed() else logging.ERROR
        self._log.log(level, "Finished in state %s", describe(state))
        match state.type:
            case StateType.COMPLETED:
                yield from self._hooks(self._flow.on_completion_hooks, state)
            case StateType.FAILED:
                yield from self._hooks(self._flow.on_failure_hooks, state)
            case StateType.CRASHED:
                yield from self._hooks(self._flow.on_crashed_hooks, state)
            case _:
                pass

    def _interrupted(self, error: BaseException) -> Description[Outcome]:
        """Say how the run ended that something stopped from outside."""
        reason = self._call.stop.reason
        if reason is StopReason.SUPERSEDED:
            return Outcome(self._state(), error=Superseded())
        if isinstance(error, Exception):
            self._log.error("The flow run cannot go on.", exc_info=error)
        try:
            if reason is StopReason.CANCELLED:
                state = yield from self._cancel(Cancelling())
            else:
                state = yield from self._finish(exception_to_crashed_state(error))
        except (ApiError, ServerUnreachable) as trouble:
            error.add_note(f"The server does not know of it: {trouble}")
            return Outcome(self._state(), error=error)
        return Outcome(state, error=error)

    def _propose(self, state: State) -> Description[State]:
        entered = yield from propose(
            state, self._run.id, self._call.execution_id, self._session, self._log
        )
        self._run = self._run.model_copy(
            update={
                "state": entered,
                "state_id": entered.id,
                "state_type": entered.type,
                "state_name": entered.name,
            }
        )
        return entered

    def _hooks(self, hooks: Sequence[StateHook], state: State) -> Description[None]:
        if hooks:
            yield from RunHooks(tuple(hooks), self._flow, lambda: self._run, state, self._log)

    def _wait_until_due(self, state: State) -> Description[None]:
        due = state.state_details.scheduled_time
        if due is None:
            yield from Sleep(_PAUSE_WHILE_PENDING)
        elif (seconds := (due - self._session.now()).total_seconds()) > 0:
            yield from Sleep(seconds)

    def _limit(self) -> TimeLimit | None:
        seconds = self._flow.timeout_seconds
        if seconds is None:
            return None
        message = f"The flow run took longer than {seconds:g} seconds."
        return TimeLimit(seconds, FlowRunTimeoutError(message))

    def _context(
        self, parameters: Parameters, runner: ManagedTaskRunner, limit: TimeLimit | None
    ) -> FlowRunContext:
        parent = self._call.scope.flow
        log_prints = self._flow.log_prints
        if log_prints is None:
            inner = self._call.scope.task or parent
            log_prints = (inner or self._session.flow_defaults).log_prints
        return FlowRunContext(
            flow=self._flow,
            flow_run=self._run,
            parameters=parameters,
            task_runner=runner,
            log_prints=log_prints,
            start_time=self._session.now(),
            task_defaults=self._session.task_defaults,
            deadline=None if limit is None else monotonic() + limit.seconds,
            parent=parent,
            execution_id=self._call.execution_id,
            is_suspended=lambda: self._call.stop.is_suspended,
        )

    def _state(self) -> State:
        return self._run.state or Pending()


def _settled(outcome: Outcome, state: State) -> Outcome:
    """`outcome` in the state that the server let the run enter."""
    if state.type is outcome.state.type:
        return outcome._replace(state=state)
    return _decided_by_server(state)


def _decided_by_server(state: State) -> Outcome:
    return Outcome(state, error=None if state.is_completed() else state_exception(state))
