"""Public: typed values that flow runs are sent, and that they wait for."""

from collections.abc import Callable
from typing import Any, ClassVar, Generic, Self, TypeVar, Unpack, cast, overload
from uuid import UUID, uuid4

import pydantic
from pydantic import PrivateAttr
from pydantic_core import from_json, to_json

from windlass.engine.effects import Description
from windlass.engine.here import carry_out
from windlass.engine.pausing import Form
from windlass.engine.questions import Ask
from windlass.engine.session import Session
from windlass.exceptions import ConfigurationError, ObjectAlreadyExists, ObjectNotFound
from windlass.input.actions import current_sender, ensure_flow_run_id
from windlass.input.receiving import GetInputHandler, Receiving
from windlass.schemas.base import JsonObject
from windlass.schemas.flow_run_inputs import (
    FlowRunInput,
    FlowRunInputCreate,
    keyset_from_base_key,
)
from windlass.states import State

__all__ = [
    "AutomaticRunInput",
    "BaseRunInput",
    "RunInput",
    "RunInputMetadata",
    "keyset_from_base_key",
    "keyset_from_paused_state",
    "receive_input",
    "run_input_subclass_from_type",
    "send_input",
]

T = TypeVar("T")

_SENDER = "prefect.flow-run."


def keyset_from_paused_state(state: State) -> dict[str, str]:
    """The keys of what a paused run waits for. Raises ValueError for other states."""
    if not state.is_paused():
        raise ValueError(f"A run that is {state.name} waits for no input.")
    return keyset_from_base_key(f"{state.name.lower()}-{state.state_details.pause_key}")


class RunInputMetadata(pydantic.BaseModel):
    """How an input came: under which key, from whom, and to which flow run."""

    key: str
    sender: str | None = None
    receiver: UUID


class BaseRunInput(pydantic.BaseModel):
    """A value that can be sent to a flow run, or that one waits for.

    The methods that speak to the server are called in synchronous code, and awaited in
    asynchronous code.
    """

    model_config = pydantic.ConfigDict(extra="forbid")

    form_description: ClassVar[str | None] = None
    """Text in Markdown that is shown to whoever is asked for the value."""

    _metadata: RunInputMetadata | None = PrivateAttr(None)

    @property
    def metadata(self) -> RunInputMetadata:
        """How the value came. Raises AttributeError for one that was not received."""
        if self._metadata is None:
            raise AttributeError("This input was made here: nobody sent it.")
        return self._metadata

    @classmethod
    def keyset_from_type(cls) -> dict[str, str]:
        """The keys of values of this class."""
        return keyset_from_base_key(cls.__name__.lower())

    @classmethod
    def save(cls, keyset: dict[str, str], flow_run_id: UUID | None = None) -> None:
        """Keep the schema of the class, and its description, for a run that waits for it."""
        id, form = ensure_flow_run_id(flow_run_id), form_of(cls)

        def save(_: Session) -> Description[None]:
            yield from _put(id, keyset["schema"], to_json(form.schema).decode())
            if form.description is not None:
                yield from _put(id, keyset["description"], to_json(form.description).decode())

        return carry_out(save)

    @classmethod
    def load(cls, keyset: dict[str, str], flow_run_id: UUID | None = None) -> Any:
        """The value that was given for these keys; one of defaults alone, if none was."""
        id = ensure_flow_run_id(flow_run_id)

        def load(_: Session) -> Description[Any]:
            try:
                text = yield from Ask(
                    lambda server: server.read_flow_run_input(id, keyset["response"])
                )
            except ObjectNotFound:
                return answer_from(cls, {})
            return answer_from(cls, from_json(text))

        return carry_out(load)

    @classmethod
    def load_from_flow_run_input(cls, flow_run_input: FlowRunInput) -> Self:
        """An input as it was sent. Raises pydantic.ValidationError."""
        loaded = cls(**from_json(flow_run_input.value))
        loaded._metadata = RunInputMetadata(
            key=flow_run_input.key,
            sender=flow_run_input.sender,
            receiver=flow_run_input.flow_run_id,
        )
        return loaded

    @classmethod
    def with_initial_data(cls, description: str | None = None, **kwargs: Any) -> type[Self]:
        """The same class with other defaults, and with text that is shown with its form."""
        fields: dict[str, Any] = {
            name: (cls.model_fields[name].annotation if name in cls.model_fields else Any, value)
            for name, value in kwargs.items()
        }
        made = pydantic.create_model(cls.__name__, __base__=cls, **fields)
        made.form_description = description
        return made

    def send_to(
        self, flow_run_id: UUID, sender: str | None = None, key_prefix: str | None = None
    ) -> None:
        """Send this to a flow run. Raises ObjectNotFound."""
        key = f"{key_prefix or _key_prefix(type(self))}-{uuid4()}"
        text = self.model_dump_json()
        return carry_out(lambda _: _put(flow_run_id, key, text, sender or current_sender()))

    def respond(
        self, run_input: Any, sender: str | None = None, key_prefix: str | None = None
    ) -> None:
        """Send something to the flow run that sent this. Raises ConfigurationError if none did."""
        sent_by = self.metadata.sender or ""
        if not sent_by.startswith(_SENDER):
            raise ConfigurationError("No flow run sent this input, so none can be answered.")
        return send_input(run_input, UUID(sent_by.removeprefix(_SENDER)), sender, key_prefix)


class RunInput(BaseRunInput):
    """A value with fields: subclass it, and wait for the class or send its instances."""

    @classmethod
    def receive(cls, **options: Unpack[Receiving]) -> GetInputHandler[Self]:
        """What the flow run is sent of this class, one after the other."""
        return GetInputHandler(cls.load_from_flow_run_input, _key_prefix(cls), options)

    @classmethod
    def subclass_from_base_model_type(cls, model_cls: type[pydantic.BaseModel]) -> "type[RunInput]":
        """The class as one of inputs, with the same fields."""
        name = f"{model_cls.__name__}RunInput"
        return cast("type[RunInput]", pydantic.create_model(name, __base__=(cls, model_cls)))


class AutomaticRunInput(BaseRunInput, Generic[T]):
    """A value of any type, in the field `value`."""

    value: T

    @classmethod
    def receive(
        cls, *, with_metadata: bool = False, **options: Unpack[Receiving]
    ) -> GetInputHandler[Any]:
        """What the flow run is sent of this type: the values, or with `with_metadata` the whole."""
        load = cls.load_from_flow_run_input
        to_instance: Callable[[FlowRunInput], Any] = load
        if not with_metadata:
            to_instance = lambda one: load(one).value  # noqa: E731
        return GetInputHandler(to_instance, _key_prefix(cls), options)

    @classmethod
    def subclass_from_type(cls, _type: Any) -> "type[AutomaticRunInput[Any]]":
        """A class of inputs for values of a type, whatever pydantic takes for one."""
        name = getattr(_type, "__name__", None) or type(_type).__name__
        made = pydantic.create_model(
            f"{name.lower()}AutomaticRunInput", __base__=AutomaticRunInput, value=(_type, ...)
        )
        return cast("type[AutomaticRunInput[Any]]", made)


def run_input_subclass_from_type(_type: Any) -> type[BaseRunInput]:
    """The class of inputs for a type: itself, if it is one."""
    if isinstance(_type, type) and issubclass(_type, BaseRunInput):
        return _type
    if isinstance(_type, type) and issubclass(_type, pydantic.BaseModel):
        return RunInput.subclass_from_base_model_type(_type)
    return AutomaticRunInput[Any].subclass_from_type(_type)


def form_of(wanted: type[BaseRunInput]) -> Form:
    """What a pause that waits for this asks for."""
    return Form(wanted.model_json_schema(by_alias=True), wanted.form_description)


def answer_from(wanted: type[BaseRunInput], values: JsonObject) -> Any:
    """What the code gets that waited for this. Raises pydantic.ValidationError."""
    answer = wanted(**values)
    if not isinstance(answer, AutomaticRunInput):
        return answer
    return cast("AutomaticRunInput[Any]", answer).value


def send_input(
    run_input: Any, flow_run_id: UUID, sender: str | None = None, key_prefix: str | None = None
) -> None:
    """Send a value to a flow run, which receives it by its type; awaited in asynchronous code.

    Raises ObjectNotFound for the run.
    """
    return _as_run_input(run_input).send_to(flow_run_id, sender, key_prefix)


RunInputT = TypeVar("RunInputT", bound=RunInput)


@overload
def receive_input(
    input_type: type[RunInputT], *, with_metadata: bool = ..., **options: Unpack[Receiving]
) -> GetInputHandler[RunInputT]: ...
@overload
def receive_input(
    input_type: Any, *, with_metadata: bool = ..., **options: Unpack[Receiving]
) -> GetInputHandler[Any]: ...
def receive_input(
    input_type: Any, *, with_metadata: bool = False, **options: Unpack[Receiving]
) -> GetInputHandler[Any]:
    """What the flow run is sent of a type, one after the other.

    Values of plain types come as they are; with `with_metadata` in the field `value` of an input,
    which says who sent it, and can be answered.
    """
    wanted = run_input_subclass_from_type(input_type)
    if issubclass(wanted, AutomaticRunInput):
        automatic = cast("type[AutomaticRunInput[Any]]", wanted)
        return automatic.receive(with_metadata=with_metadata, **options)
    return cast("type[RunInput]", wanted).receive(**options)


def _as_run_input(value: Any) -> BaseRunInput:
    if isinstance(value, BaseRunInput):
        return value
    wanted = run_input_subclass_from_type(type(value))
    if isinstance(value, pydantic.BaseModel):
        return wanted(**dict(value))
    return wanted.model_validate({"value": value})


def _put(flow_run_id: UUID, key: str, value: str, sender: str | None = None) -> Description[None]:
    wanted = FlowRunInputCreate(key=key, value=value, sender=sender)
    try:
        yield from Ask(lambda server: server.create_flow_run_input(flow_run_id, wanted))
    except ObjectAlreadyExists:
        # The keys are nobody else's: an answer was lost, or the code ran here before.
        return


def _key_prefix(of: type[BaseRunInput]) -> str:
    return f"{of.__name__.lower()}-auto"
