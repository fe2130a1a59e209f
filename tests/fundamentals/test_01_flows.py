"""Flows: functions whose calls the server knows of."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from datetime import date

import pytest
from pydantic import BaseModel

from tests.support.api_under_test import ApiUnderTest
from windlass import flow, tags
from windlass.exceptions import ParameterTypeError


def test_a_flow_is_a_function_that_is_called(api: ApiUnderTest) -> None:
    """The decorator changes nothing about what a call returns: it makes a run of it."""

    @flow
    def add(x: int, y: int = 1) -> int:
        return x + y

    assert add(1) == 2
    assert api.states("add") == ["Pending", "Running", "Completed"]


def test_the_function_is_still_there() -> None:
    """`fn` is the function without anything around it."""

    @flow
    def add(x: int) -> int:
        return x + 1

    assert add.fn(1) == 2


def test_a_flow_may_be_async(api: ApiUnderTest) -> None:
    """The flow of a coroutine function is awaited."""

    @flow
    async def greet(name: str) -> str:
        await asyncio.sleep(0)
        return f"Hello, {name}!"

    assert asyncio.run(greet("Ada")) == "Hello, Ada!"
    assert api.states("greet")[-1] == "Completed"


def test_a_flow_may_be_a_method() -> None:
    """Instance, class and static methods are flows, too."""

    class Pipeline:
        factor = 2

        @flow
        def scale(self, x: int) -> int:
            return x * self.factor

        @flow
        @staticmethod
        def double(x: int) -> int:
            return x * 2

    class Named:
        @flow
        @classmethod
        def name(cls) -> str:
            return cls.__name__

    assert Pipeline().scale(3) == Pipeline.double(3) == 6
    assert Named.name() == "Named"  # pyright: ignore[reportCallIssue]


def test_a_flow_may_yield(api: ApiUnderTest) -> None:
    """A generator function hands on what it yields; the run ends with the last value."""

    @flow
    def count() -> Generator[int]:
        yield from range(3)

    assert list(count()) == [0, 1, 2]
    assert api.states("count") == ["Pending", "Running", "Completed"]


def test_an_async_flow_may_yield() -> None:
    """And so does an async generator function."""

    @flow
    async def count() -> AsyncGenerator[int]:
        for number in range(3):
            yield number

    async def collect() -> list[int]:
        return [number async for number in count()]

    assert asyncio.run(collect()) == [0, 1, 2]


def test_a_generator_that_is_returned_is_consumed() -> None:
    """What a flow returns is its result, and a generator is none: it becomes a list."""

    @flow
    def numbers() -> object:
        return (number for number in range(3))

    assert numbers() == [0, 1, 2]


def test_parameters_are_cast_to_their_type_hints() -> None:
    """Whatever pydantic can make of a value, the function gets."""

    class Person(BaseModel):
        name: str
        born: date

    @flow
    def greet(person: Person, times: int) -> object:
        return person.born.year, times

    assert greet({"name": "Ada", "born": "1815-12-10"}, "2") == (1815, 2)  # pyright: ignore[reportArgumentType]


def test_a_parameter_of_the_wrong_type_fails_the_run_before_it_runs(api: ApiUnderTest) -> None:
    """The error names the parameter; the function is not called."""

    @flow
    def typed(x: int) -> int:
        return x

    with pytest.raises(ParameterTypeError, match="x: Input should be a valid integer"):
        typed("one")  # pyright: ignore[reportArgumentType]
    assert api.states("typed") == ["Pending", "Failed"]


def test_validation_can_be_turned_off() -> None:
    """The function then gets what was given."""

    @flow(validate_parameters=False)
    def typed(x: int) -> object:
        return x

    assert typed("one") == "one"  # pyright: ignore[reportArgumentType]


def test_the_parameters_have_a_schema() -> None:
    """It is what a form for a run is made of."""

    @flow
    def greet(name: str, times: int = 1) -> None: ...

    schema = greet.parameters
    assert schema.required == ["name"]
    assert schema.properties["times"]["type"] == "integer"
    assert schema.model_json_schema()["title"] == "ParameterSchema"


def test_a_flow_has_a_name_and_a_description() -> None:
    """Both come from the function, unless they are given."""

    @flow
    def nightly_report() -> None:
        """Counts what happened."""

    @flow(name="Other", description="Counts more.")
    def other() -> None: ...

    assert (nightly_report.name, nightly_report.description) == (
        "nightly-report",
        "Counts what happened.",
    )
    assert (other.name, other.description) == ("Other", "Counts more.")


def test_a_flow_has_the_version_of_its_file() -> None:
    """A hash, so that the server can tell changed code; or what is given."""

    @flow
    def hashed() -> None: ...

    @flow(version="1.2")
    def versioned() -> None: ...

    assert hashed.version is not None
    assert len(hashed.version) == 32
    assert versioned.version == "1.2"


def test_a_run_may_be_named_after_its_parameters(api: ApiUnderTest) -> None:
    """Format specifications work; a function may make the name, too."""

    @flow(flow_run_name="report-of-{day:%A}")
    def report(day: date) -> None: ...

    report(date(2026, 11, 21))

    assert api.flow_run("report").name == "report-of-Saturday"


def test_runs_have_the_tags_of_the_block_they_are_called_in(api: ApiUnderTest) -> None:
    """Tags add up."""

    @flow
    def tagged() -> None: ...

    with tags("a"), tags("b"):
        tagged()

    assert set(api.flow_run("tagged").tags) == {"a", "b"}


def test_options_can_be_changed_in_a_copy() -> None:
    """The flow itself stays as it is."""

    @flow(retries=1)
    def original() -> None: ...

    changed = original.with_options(name="changed", retries=3)

    assert (original.name, original.retries) == ("original", 1)
    assert (changed.name, changed.retries) == ("changed", 3)


def test_a_flow_may_call_another(api: ApiUnderTest) -> None:
    """The child is a run of its own, and a task run in its parent stands for it."""

    @flow
    def child(x: int) -> int:
        return x + 1

    @flow
    def parent() -> int:
        return child(1) + child.with_options(name="second-child")(2)

    assert parent() == 5
    assert api.states("child") == ["Pending", "Running", "Completed"]
    tracking = {api.flow_run(name).parent_task_run_id for name in ("child", "second-child")}
    assert None not in tracking
    assert len(api.task_runs("parent")) == len(tracking) == 2


def test_async_children_run_side_by_side() -> None:
    """`asyncio.gather` is all it takes."""

    @flow
    async def child(mine: asyncio.Event, other: asyncio.Event) -> str:
        mine.set()
        await other.wait()
        return "met"

    @flow
    async def parent() -> tuple[str, str]:
        a, b = asyncio.Event(), asyncio.Event()
        calls = child.with_options(validate_parameters=False)
        one, two = await asyncio.gather(calls(a, b), calls(b, a))
        return one, two

    assert asyncio.run(parent()) == ("met", "met")
