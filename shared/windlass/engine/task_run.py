"""How a task run goes. It is orchestrated here; the server is told what happened."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from time import monotonic
from typing import Any, NamedTuple
from uuid import UUID

from windlass.context import RunScope, TaskRunContext, current_tags
from windlass.definitions import StateHook, TaskDefinition
from windlass.engine.calls import CallUser
from windlass.engine.effects import Abandoned, Await, Description, Effect, Enter, RunHooks, Sleep
from windlass.engine.inputs import has_upstream, resolved, task_inputs, unfinished
from windlass.engine.names import run_name, task_run_name
from windlass.engine.outcomes import is_plain, outcome_of
from windlass.engine.retries import RetryPolicy, retry_policy
from windlass.engine.session import Session
from windlass.engine.slots import (
    GiveBackSlots,
    HeldSlots,
    KeepSlots,
    take_slots,
    task_run_slots,
    warn_of_loss,
)
from windlass.engine.timeouts import FlowRunTimeoutError, TaskRunTimeoutError, TimeLimit
from windlass.engine.tracebacks import in_user_code
from windlass.exceptions import ConcurrencySlotAcquisitionError, Pause, UpstreamTaskError
from windlass.futures import find_futures
from windlass.logging.loggers import WindlassLogAdapter, logger_of
from windlass.reporting.records import Identity, TaskRunRecord
from windlass.schemas.base import JsonObject
from windlass.schemas.states import LocalResult, State, StateType
from windlass.states import describe, exception_to_crashed_state, format_exception
from windlass.utilities.binding import Parameters


class TaskCall(NamedTuple):
    """A task run that is pending, and where it was called."""

    task: TaskDefinition
    parameters: Parameters
    wait_for: Sequence[Any]
    record: TaskRunRecord
    scope: RunScope
    policy: RetryPolicy
    keep: Callable[[Any, WindlassLogAdapter], Effect[JsonObject | None]] | None = None
    """Stores what came of it, an exception too, and says where; None: others do not ask for it."""


class TaskOutcome(NamedTuple):
    """What came of a task run: its caller gets `error` raised, else `value`."""

    record: TaskRunRecord
    value: Any = None
    error: BaseException | None = None


def begin_task_run(
    task: TaskDefinition,
    parameters: Parameters,
    wait_for: Sequence[Any],
    scope: RunScope,
    session: Session,
    dependencies: Mapping[str, Sequence[UUID]] | None = None,
) -> Description[TaskCall]:
    """Make a task run, which is then pending.

    Raises FlowRunTimeoutError in a flow run whose time is over, and Pause in one that somebody
    suspended: this is where it ends that could not be interrupted.
    """
    flow = scope.flow
    if flow is not None and flow.deadline is not None and monotonic() > flow.deadline:
        raise FlowRunTimeoutError("The time of the flow run is over: it starts no more tasks.")
    if flow is not None and flow.is_suspended():
        raise Pause("The flow run was suspended: it goes on when it is resumed.")
    inputs = {}
    if dependencies or has_upstream(parameters, wait_for):
        inputs = task_inputs(parameters, wait_for, dependencies)
    id = session.new_id()
    tags = task.tags | current_tags()
    policy = retry_policy(task, session.task_defaults)
    identity = Identity(
        task.task_key,
        str(id),
        None if flow is None else flow.flow_run.id,
        tuple(sorted(tags)) if tags else (),
        task.version,
        inputs,
        policy.as_json(),
    )
    record = TaskRunRecord(id, task_run_name(task.name, id), identity)
    yield from Enter(record, StateType.PENDING, "Pending")
    return TaskCall(task, parameters, wait_for, record, scope, policy)


def task_run(call: TaskCall, session: Session) -> Description[TaskOutcome]:
    """Run what is pending."""
    return (yield from _TaskRunEngine(call, session).run())


class _TaskRunEngine:
    """One task run under way."""

    __slots__ = ("_call", "_record", "_session", "_slots", "_task")

    def __init__(self, call: TaskCall, session: Session) -> None:
        self._call = call
        self._record = call.record
        self._session = session
        self._slots: HeldSlots | None = None
        self._task = call.task

    def run(self) -> Description[TaskOutcome]:
        """Everything, whatever interrupts it."""
        try:
            parameters = yield from self._ready()
            attempt = self._limited_attempt if self._record.identity.tags else self._attempt
            while True:
                outcome = yield from attempt(parameters)
                if outcome is not None:
                    return outcome
        except ConcurrencySlotAcquisitionError as error:
            yield from self._finish(StateType.FAILED, "Failed", format_exception(error), error)
            return TaskOutcome(self._record, error=error)
        except UpstreamTaskError as error:
            yield from Enter(self._record, StateType.PENDING, "NotReady", str(error), error)
            return TaskOutcome(self._record, error=error)
        except Pause as signal:
            yield from Enter(self._record, StateType.PAUSED, "Suspended", str(signal), signal)
            return TaskOutcome(self._record, error=signal)
        except BaseException as error:
            crashed = exception_to_crashed_state(error)
            yield from self._finish(StateType.CRASHED, "Crashed", crashed.message, error)
            return TaskOutcome(self._record, error=error)

    def _ready(self) -> Description[Parameters]:
        """The parameters, once everything that the run depends on has completed."""
        parameters, wait_for = self._call.parameters, self._call.wait_for
        if has_upstream(parameters, wait_for):
            if futures := unfinished(parameters, wait_for):
                yield from Await(futures)
            parameters = resolved(parameters, wait_for)
        return parameters

    def _limited_attempt(self, parameters: Parameters) -> Description[TaskOutcome | None]:
        """`_attempt` with a slot of every tag that is limited, waited for before."""
        record = self._record
        wanted = task_run_slots(record.identity.tags, record.id)
        held = self._slots = yield from take_slots(wanted)
        try:
            yield from KeepSlots(held, warn_of_loss)
            return (yield from self._attempt(parameters))
        finally:
            yield from self._give_back_slots()

    def _give_back_slots(self) -> Description[None]:
        held, self._slots = self._slots, None
        if held is not None:
            yield from GiveBackSlots(held)

    def _attempt(self, parameters: Parameters) -> Description[TaskOutcome | None]:
        """Call the function once; None if it is to be called again."""
        limit = self._limit()
        try:
            returned = yield from self._call_function(parameters, limit)
            if is_plain(returned):
                data = LocalResult(returned)
                yield from self._finish(StateType.COMPLETED, "Completed", None, data)
                return TaskOutcome(self._record, returned)
            yield from Await(find_futures(returned))
            outcome = outcome_of(returned)
        except Abandoned:
            message = "Not all that the task yields was asked for."
            yield from self._finish(StateType.COMPLETED, "Completed", message, LocalResult(None))
            return TaskOutcome(self._record)
        except Exception as error:
            return (yield from self._failed(error, limit))
        state = outcome.state
        if state.is_failed() and (yield from self._retries(state)):
            return None
        yield from self._finish(state.type, state.name, state.message, state.data)
        return TaskOutcome(self._record, outcome.value, outcome.error)

    def _call_function(self, parameters: Parameters, limit: TimeLimit | None) -> Description[Any]:
        record, task = self._record, self._task
        record.run_count += 1
        if task.task_run_name is not None:
            record.name = run_name(task.task_run_name, parameters)
        context = self._context(parameters)
        args, kwargs = task.binder.arguments(parameters)
        yield from Enter(record, StateType.RUNNING, _RUNNING[record.run_count > 1])
        if task.on_running_hooks:
            yield from self._hooks(task.on_running_hooks)
        return (
            yield from CallUser(
                task.fn,
                args,
                kwargs,
                RunScope(self._call.scope.flow, context),
                context.log_prints,
                limit,
                task.isasync,
                consumes=task.isgenerator,
            )
        )

    def _failed(self, error: Exception, limit: TimeLimit | None) -> Description[TaskOutcome | None]:
        is_timeout = limit is not None and error is limit.expired
        name = "TimedOut" if is_timeout else "Failed"
        message = str(error) if is_timeout else format_exception(error)
        state = State(type=StateType.FAILED, name=name, message=message, data=error)
        if (yield from self._retries(state)):
            return None
        if not is_timeout:
            kind = type(error).__name__
            self._log().error("The task run raised %s.", kind, exc_info=in_user_code(error))
        yield from self._finish(StateType.FAILED, name, message, error)
        return TaskOutcome(self._record, error=error)

    def _retries(self, failed: State) -> Description[bool]:
        """Whether there is another attempt; waits until it is due."""
        record, policy = self._record, self._call.policy
        if record.run_count > policy.retries or self._flow_is_over():
            return False
        if not (yield from self._condition_holds(failed)):
            return False
        delay = policy.delay(record.run_count, self._session.chance())
        self._log().info(
            "%s. Retry %d of %d in %g seconds.",
            failed.message,
            record.run_count,
            policy.retries,
            delay,
        )
        if delay > 0:
            due = self._session.now() + timedelta(seconds=delay)
            yield from Enter(
                record,
                StateType.SCHEDULED,
                "AwaitingRetry",
                failed.message,
                details={"scheduled_time": due},
            )
            yield from self._give_back_slots()
            yield from Sleep(delay)
        return True

    def _condition_holds(self, failed: State) -> Description[bool]:
        condition = self._task.retry_condition_fn
        if condition is None:
            return True
        args = (self._task, self._record.task_run(), failed)
        try:
            return bool((yield from CallUser(condition, args, {}, self._call.scope)))
        except Exception:
            self._log().exception("`retry_condition_fn` raised an exception: no more retries.")
            return False

    def _finish(
        self, type: StateType, name: str, message: str | None, data: Any
    ) -> Description[None]:
        """Enter a final state, and do what is to be done on it."""
        stored = None
        if self._call.keep is not None:
            stored = yield from self._call.keep(data, self._log())
        yield from Enter(self._record, type, name, message, data, stored=stored)
        entered = self._record.entered
        level = logging.INFO if type is StateType.COMPLETED else logging.ERROR
        if entered is not None and _LOGGER.isEnabledFor(level):
            self._log().log(level, "Finished in state %s", describe(entered))
        if type is StateType.COMPLETED and self._task.on_completion_hooks:
            yield from self._hooks(self._task.on_completion_hooks)
        if type is StateType.FAILED and self._task.on_failure_hooks:
            yield from self._hooks(self._task.on_failure_hooks)

    def _hooks(self, hooks: Sequence[StateHook]) -> Description[None]:
        record = self._record
        yield from RunHooks(tuple(hooks), self._task, record.task_run, record.state(), self._log())

    def _log(self) -> WindlassLogAdapter:
        return logger_of(RunScope(self._call.scope.flow, self._context(self._call.parameters)))

    def _limit(self) -> TimeLimit | None:
        seconds = self._task.timeout_seconds
        if seconds is None:
            return None
        message = f"The task run took longer than {seconds:g} seconds."
        return TimeLimit(seconds, TaskRunTimeoutError(message))

    def _flow_is_over(self) -> bool:
        flow = self._call.scope.flow
        return flow is not None and flow.deadline is not None and monotonic() > flow.deadline

    def _context(self, parameters: Parameters) -> TaskRunContext:
        log_prints = self._task.log_prints
        if log_prints is None:
            flow, task = self._call.scope
            log_prints = (task or flow or self._session.flow_defaults).log_prints
        return TaskRunContext(
            task=self._task,
            record=self._record,
            parameters=parameters,
            log_prints=log_prints,
        )


_RUNNING = ("Running", "Retrying")
_LOGGER = logging.getLogger("windlass.task_runs")
