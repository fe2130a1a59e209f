"""Public: the inputs of flow runs, one by one: sent, listed, read, deleted.

Each function is called in synchronous code and awaited in asynchronous code; its twin with an `a`
before its name is a coroutine function. Without a `flow_run_id` they speak of the run they are in.
"""

from collections.abc import Callable, Collection
from typing import TypeAlias, TypeVar
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import from_json, to_json

from windlass.context import current_scope
from windlass.engine.effects import Description
from windlass.engine.here import carry_out, carry_out_async
from windlass.engine.questions import Ask
from windlass.engine.session import Session
from windlass.exceptions import MissingContextError, ObjectNotFound
from windlass.schemas.base import JsonValue
from windlass.schemas.flow_run_inputs import FlowRunInput, FlowRunInputCreate, FlowRunInputQuery

T = TypeVar("T")


def ensure_flow_run_id(flow_run_id: UUID | None = None) -> UUID:
    """This id, or that of the flow run that is active. Raises MissingContextError."""
    if flow_run_id is not None:
        return flow_run_id
    flow = current_scope().flow
    if flow is None:
        raise MissingContextError("Give a `flow_run_id`, or call this inside of a flow run.")
    return flow.flow_run.id


def create_flow_run_input_from_model(
    key: str,
    model_instance: BaseModel,
    flow_run_id: UUID | None = None,
    sender: str | None = None,
) -> None:
    """Send the fields of a model. Raises ObjectNotFound, ObjectAlreadyExists."""
    carried = model_instance.model_dump_json()
    return carry_out(_creating(flow_run_id, key, carried, sender or current_sender()))


async def acreate_flow_run_input_from_model(
    key: str,
    model_instance: BaseModel,
    flow_run_id: UUID | None = None,
    sender: str | None = None,
) -> None:
    """The same, awaited."""
    carried = model_instance.model_dump_json()
    await carry_out_async(_creating(flow_run_id, key, carried, sender or current_sender()))


def create_flow_run_input(
    key: str, value: JsonValue, flow_run_id: UUID | None = None, sender: str | None = None
) -> None:
    """Send a value, as JSON. Raises ObjectNotFound for the run, ObjectAlreadyExists for the key."""
    return carry_out(_creating(flow_run_id, key, to_json(value).decode(), sender))


async def acreate_flow_run_input(
    key: str, value: JsonValue, flow_run_id: UUID | None = None, sender: str | None = None
) -> None:
    """The same, awaited."""
    await carry_out_async(_creating(flow_run_id, key, to_json(value).decode(), sender))


def filter_flow_run_input(
    key_prefix: str,
    limit: int = 1,
    exclude_keys: Collection[str] | None = None,
    flow_run_id: UUID | None = None,
) -> list[FlowRunInput]:
    """The first inputs whose keys begin so, but for some keys, the oldest first."""
    return carry_out(_filtering(flow_run_id, key_prefix, limit, exclude_keys))


async def afilter_flow_run_input(
    key_prefix: str,
    limit: int = 1,
    exclude_keys: Collection[str] | None = None,
    flow_run_id: UUID | None = None,
) -> list[FlowRunInput]:
    """The same, awaited."""
    return await carry_out_async(_filtering(flow_run_id, key_prefix, limit, exclude_keys))


def read_flow_run_input(key: str, flow_run_id: UUID | None = None) -> JsonValue:
    """The value of an input; None if there is none."""
    return carry_out(_reading(flow_run_id, key))


async def aread_flow_run_input(key: str, flow_run_id: UUID | None = None) -> JsonValue:
    """The same, awaited."""
    return await carry_out_async(_reading(flow_run_id, key))


def delete_flow_run_input(key: str, flow_run_id: UUID | None = None) -> None:
    """Delete an input. Raises ObjectNotFound."""
    return carry_out(_deleting(flow_run_id, key))


async def adelete_flow_run_input(key: str, flow_run_id: UUID | None = None) -> None:
    """The same, awaited."""
    await carry_out_async(_deleting(flow_run_id, key))


def current_sender() -> str | None:
    """How the flow run that is active signs what it sends; None outside of one."""
    flow = current_scope().flow
    return None if flow is None else f"prefect.flow-run.{flow.flow_run.id}"


_Action: TypeAlias = Callable[[Session], Description[T]]


def _creating(flow_run_id: UUID | None, key: str, value: str, sender: str | None) -> _Action[None]:
    id = ensure_flow_run_id(flow_run_id)
    wanted = FlowRunInputCreate(key=key, value=value, sender=sender)
    return lambda _: iter(Ask(lambda server: server.create_flow_run_input(id, wanted)))


def _filtering(
    flow_run_id: UUID | None, prefix: str, limit: int, exclude_keys: Collection[str] | None
) -> _Action[list[FlowRunInput]]:
    id = ensure_flow_run_id(flow_run_id)
    asked = FlowRunInputQuery(prefix=prefix, limit=limit, exclude_keys=sorted(exclude_keys or ()))
    return lambda _: iter(Ask(lambda server: server.filter_flow_run_input(id, asked)))


def _reading(flow_run_id: UUID | None, key: str) -> _Action[JsonValue]:
    id = ensure_flow_run_id(flow_run_id)

    def read(_: Session) -> Description[JsonValue]:
        try:
            text = yield from Ask(lambda server: server.read_flow_run_input(id, key))
        except ObjectNotFound:
            return None
        return from_json(text)

    return read


def _deleting(flow_run_id: UUID | None, key: str) -> _Action[None]:
    id = ensure_flow_run_id(flow_run_id)
    return lambda _: iter(Ask(lambda server: server.delete_flow_run_input(id, key)))
