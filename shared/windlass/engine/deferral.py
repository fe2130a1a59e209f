"""Background task runs: scheduled here, and run by whichever task worker gets them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

from pydantic import TypeAdapter

from windlass.context import RunScope, current_tags
from windlass.definitions import TaskDefinition
from windlass.engine.effects import Description, Effect, Enter
from windlass.engine.inputs import has_upstream, mapped, task_inputs
from windlass.engine.names import task_run_name
from windlass.engine.process import current_session
from windlass.engine.retries import retry_policy
from windlass.engine.session import Session
from windlass.engine.task_run import TaskCall
from windlass.exceptions import ConfigurationError, ParameterTypeError
from windlass.futures import (
    WindlassConcurrentFuture,
    WindlassDistributedFuture,
    WindlassFuture,
    WindlassFutureList,
    replace_futures,
)
from windlass.logging.loggers import WindlassLogAdapter
from windlass.reporting.records import Entered, Identity, TaskRunRecord
from windlass.results import ResultStore, parameters_key
from windlass.schemas.base import JsonObject
from windlass.schemas.states import LocalResult, State, StateCreate, StateDetails, StateType
from windlass.schemas.task_runs import TaskRun, TaskRunCreate, TaskRunInputs, TaskRunPolicy
from windlass.states import format_exception
from windlass.utilities.binding import Parameters


class StoredCall(NamedTuple):
    """What a task worker needs to know of a call, beside the task run."""

    parameters: Parameters
    wait_for: Sequence[Any]


def defer(
    task: TaskDefinition,
    parameters: Parameters,
    wait_for: Sequence[Any] = (),
    dependencies: Mapping[str, Sequence[UUID]] | None = None,
) -> WindlassDistributedFuture[Any]:
    """Schedule a run of `task` for a task worker.

    The parameters are stored first, so that whoever gets the run can read them. Futures of other
    background runs among them are waited for where it runs; those of this process are waited for
    here. Raises ParameterTypeError for parameters that cannot be stored, and ConfigurationError
    for a task that is bound to an object, which is not stored with them.
    """
    if task.ismethod:
        raise ConfigurationError(
            f"{task.name!r} is a method of an object that no task worker has. Make it a function, a"
            " class method or a static method."
        )
    session = current_session()
    inputs = {}
    if dependencies or has_upstream(parameters, wait_for):
        inputs = task_inputs(parameters, wait_for, dependencies)
    key = uuid4()
    _store(task, StoredCall(_portable(parameters), _portable(list(wait_for))), key)
    id = session.new_id()
    policy = retry_policy(task, session.task_defaults).as_json()
    details = StateDetails(deferred=True, task_parameters_id=key, scheduled_time=session.now())
    run = session.orchestration.create_task_run(
        TaskRunCreate(
            id=id,
            name=task_run_name(task.name, id),
            task_key=task.task_key,
            dynamic_key=str(id),
            task_version=task.version,
            tags=sorted(task.tags | current_tags()),
            empirical_policy=TaskRunPolicy.model_validate(policy),
            task_inputs=_INPUTS.validate_python(inputs),
            state=StateCreate(type=StateType.SCHEDULED, state_details=details),
        )
    )
    record = record_of(run, inputs)
    if record.sent is not None:
        # The server has the state; the event of it is the client's to send.
        entered, record.sent = record.sent, None
        record.enter(entered)
        session.outbox.report(record)
    return WindlassDistributedFuture(run.id)


def defer_all(
    task: TaskDefinition, parameters: Parameters, wait_for: Sequence[Any] | None = None
) -> WindlassFutureList[Any]:
    """Schedule one run for each element of the iterables in `parameters`; see `defer`, `mapped`."""
    each, dependencies = mapped(task, parameters)
    return WindlassFutureList(defer(task, one, wait_for or (), dependencies) for one in each)


def begin_deferred(
    task: TaskDefinition, run: TaskRun, call: StoredCall, session: Session
) -> Description[TaskCall]:
    """Take a run that was scheduled: it is pending from then on."""
    record = record_of(run)
    yield from Enter(record, StateType.PENDING, "Pending", details=_parameters_of(run))
    policy = retry_policy(task, session.task_defaults)
    return TaskCall(task, call.parameters, call.wait_for, record, RunScope(), policy, Keep)


def record_of(run: TaskRun, task_inputs: Mapping[str, Any] | None = None) -> TaskRunRecord:
    """A task run that the server has, to go on with."""
    inputs = task_inputs or run.model_dump(mode="json", include={"task_inputs"})["task_inputs"]
    policy = run.empirical_policy.model_dump(mode="json", exclude_unset=True)
    identity = Identity(
        run.task_key, run.dynamic_key, None, tuple(run.tags), run.task_version, inputs, policy
    )
    record = TaskRunRecord(run.id, run.name, identity)
    record.run_count = run.run_count
    record.started = run.start_time
    if run.state is not None:
        record.entered = record.sent = _entered(run.state, run.run_count)
    return record


class Keep(Effect[JsonObject | None]):
    """Stores what came of a run, for the futures of it; says where, None if that cannot be."""

    blocks = True

    def __init__(self, data: Any, log: WindlassLogAdapter) -> None:
        self._data = data
        self._log = log

    def perform(self, session: Session) -> JsonObject | None:
        value = self._data.value if isinstance(self._data, LocalResult) else self._data
        try:
            return ResultStore().write(value).model_dump(mode="json")
        except Exception as error:
            self._log.warning("The result cannot be stored, so no future has it: %s", error)
            return None


def refuse_deferred(run: TaskRun, error: BaseException) -> Description[None]:
    """Fail a run that cannot begin."""
    message = f"The task run could not begin: {format_exception(error)}"
    yield from Enter(record_of(run), StateType.FAILED, "Failed", message, error)


def read_call(run: TaskRun) -> StoredCall:
    """The parameters of a scheduled run. Raises MissingResult, and what `pickle` raises."""
    key = _parameters_id(run)
    if key is None:
        return StoredCall({}, [])
    return StoredCall(*ResultStore().read(parameters_key(key)))


def _store(task: TaskDefinition, call: StoredCall, key: UUID) -> None:
    try:
        ResultStore().write(tuple(call), parameters_key(key))
    except OSError:
        raise
    except Exception as error:  # `pickle` raises whatever the value does
        raise ParameterTypeError(
            f"The parameters of {task.name!r} cannot be handed to a task worker: {error}"
        ) from error


def _portable(value: Any) -> Any:
    """`value` with the results of this process's own runs in place of their futures."""
    return replace_futures(value, _unless_local)


def _unless_local(future: WindlassFuture[Any]) -> Any:
    return future.result() if isinstance(future, WindlassConcurrentFuture) else future


def _parameters_id(run: TaskRun) -> UUID | None:
    return None if run.state is None else run.state.state_details.task_parameters_id


def _parameters_of(run: TaskRun) -> JsonObject | None:
    key = _parameters_id(run)
    return None if key is None else {"task_parameters_id": key}


def _entered(state: State, run_count: int) -> Entered:
    return Entered(
        state.id,
        state.type,
        state.name,
        state.timestamp,
        state.message,
        state.state_details.model_dump(mode="json", exclude_defaults=True),
        None,
        run_count,
    )


_INPUTS: Final = TypeAdapter(TaskRunInputs)
