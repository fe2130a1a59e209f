"""Typed values that flow runs send to each other."""

from uuid import UUID

import pytest
from pydantic import BaseModel

from tests.support.fake_orchestration import FakeOrchestration
from windlass import flow
from windlass.exceptions import ConfigurationError, MissingContextError, ObjectNotFound
from windlass.ids import uuid7
from windlass.input import (
    RunInput,
    create_flow_run_input,
    delete_flow_run_input,
    filter_flow_run_input,
    keyset_from_paused_state,
    read_flow_run_input,
    receive_input,
    run_input_subclass_from_type,
    send_input,
)
from windlass.input.actions import acreate_flow_run_input, aread_flow_run_input
from windlass.runtime import flow_run
from windlass.states import Paused, Running


class Greeting(RunInput):
    """What is sent."""

    name: str


class Plain(BaseModel):
    """A model that is no input yet."""

    name: str = "you"


def me() -> UUID:
    """The flow run that asks."""
    return UUID(str(flow_run.id))


def test_values_are_received_by_their_type_in_the_order_they_were_sent() -> None:
    @flow
    def talking() -> None:
        for value in (1, "a", 2, [1, 2], Greeting(name="b"), Plain()):
            send_input(value, me())
        assert list(receive_input(int, timeout=0)) == [1, 2]
        assert list(receive_input(str, timeout=0)) == ["a"]
        assert list(receive_input(list[int], timeout=0)) == [[1, 2]]
        assert [got.name for got in Greeting.receive(timeout=0)] == ["b"]
        [plain] = receive_input(Plain, timeout=0)
        assert plain.name == "you"
        assert list(receive_input(float, timeout=0)) == []

    talking()


def test_an_input_says_where_it_came_from_and_is_answered() -> None:
    @flow
    def talking() -> None:
        send_input("hello", me())
        [got] = receive_input(str, timeout=0, with_metadata=True)
        assert got.value == "hello"
        assert got.metadata.sender == f"prefect.flow-run.{me()}"
        assert got.metadata.receiver == me()
        got.respond(7)
        assert receive_input(int, timeout=0).next() == 7

    talking()


def test_what_was_seen_is_not_received_again() -> None:
    @flow
    def talking() -> None:
        send_input(1, me())
        receiver = receive_input(int, timeout=0)
        assert receiver.next() == 1
        send_input(2, me())
        assert receiver.next() == 2
        later = receive_input(int, timeout=0, exclude_keys=receiver.exclude_keys)
        with pytest.raises(TimeoutError):
            later.next()
        with pytest.raises(TimeoutError):
            list(receive_input(int, timeout=0, raise_timeout_error=True, key_prefix="other"))

    talking()


async def test_asynchronous_flows_await_and_iterate() -> None:
    @flow
    async def talking() -> None:
        await Greeting(name="x").send_to(me())  # pyright: ignore[reportGeneralTypeIssues]
        assert [got.name async for got in Greeting.receive(timeout=0)] == ["x"]
        await acreate_flow_run_input("k", [1])
        assert await aread_flow_run_input("k") == [1]

    await talking()


def test_inputs_are_kept_by_key() -> None:
    @flow
    def keeping() -> None:
        create_flow_run_input("a-1", {"x": 1})
        create_flow_run_input("a-2", 2)
        assert read_flow_run_input("a-1") == {"x": 1}
        assert [one.key for one in filter_flow_run_input("a-", limit=5)] == ["a-1", "a-2"]
        assert [one.key for one in filter_flow_run_input("a-", exclude_keys={"a-1"})] == ["a-2"]
        delete_flow_run_input("a-1")
        assert read_flow_run_input("a-1") is None

    keeping()


def test_a_class_keeps_its_form_and_loads_what_was_given(fake: FakeOrchestration) -> None:
    @flow
    def keeping() -> None:
        keyset = Greeting.keyset_from_type()
        assert keyset["schema"] == "greeting-schema"
        Greeting.save(keyset)
        create_flow_run_input(keyset["response"], {"name": "c"})
        assert Greeting.load(keyset) == Greeting(name="c")

    keeping()
    [kept] = fake.inputs.values()
    assert '"additionalProperties":false' in kept["greeting-schema"]


def test_every_type_has_a_class_of_inputs() -> None:
    assert run_input_subclass_from_type(Greeting) is Greeting
    assert run_input_subclass_from_type(Plain).__name__ == "PlainRunInput"
    assert run_input_subclass_from_type(list[int]).__name__ == "listAutomaticRunInput"
    assert run_input_subclass_from_type(int | None).__name__.endswith("AutomaticRunInput")


def test_a_paused_state_says_the_keys_of_what_it_waits_for() -> None:
    state = Paused(pause_key="1")
    assert keyset_from_paused_state(state)["response"] == "paused-1-response"
    with pytest.raises(ValueError, match="Running"):
        keyset_from_paused_state(Running())


def test_what_cannot_be_sent_says_why() -> None:
    with pytest.raises(ObjectNotFound):
        send_input(1, uuid7())
    with pytest.raises(MissingContextError):
        receive_input(int)
    with pytest.raises(AttributeError):
        _ = Greeting(name="d").metadata

    @flow
    def talking() -> None:
        create_flow_run_input("greeting-auto-1", {"name": "e"})
        [got] = Greeting.receive(timeout=0)
        with pytest.raises(ConfigurationError):
            got.respond("nobody")

    talking()
