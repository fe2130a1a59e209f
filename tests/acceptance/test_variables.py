"""`windlass.variables` and `windlass variable` against a server."""

from typing import Any

import pytest

from tests.support.command import done, windlass
from windlass import flow, task
from windlass.engine.process import current_session
from windlass.variables import Variable

pytestmark = pytest.mark.usefixtures("api")


def test_a_variable_is_set_read_changed_and_unset() -> None:
    assert Variable.get("crew") is None
    assert Variable.get("crew", default=["B"]) == ["B"]
    assert Variable.set("crew", ["Z", "A"], tags=["ship"]).tags == ["ship"]
    assert Variable.get("crew", default=["B"]) == ["Z", "A"]
    with pytest.raises(ValueError, match="'crew' already exists"):
        Variable.set("crew", 1)
    assert Variable.set("crew", None, overwrite=True) == Variable(name="crew", value=None)
    assert Variable.get("crew", default=1) is None, "null is a value too"
    assert Variable.unset("crew")
    assert not Variable.unset("crew")
    assert Variable.set("crew", 7, overwrite=True).value == 7, "overwriting makes it too"
    assert Variable.unset("crew")


@pytest.mark.parametrize(
    ("name", "value"),
    [("Upper", 1), ("with space", 1), ("n" * 256, 1), ("long", "x" * 4999)],
)
def test_what_cannot_be_a_variable_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match="VariableCreate"):
        Variable.set(name, value)  # pyright: ignore[reportArgumentType]


async def test_variables_are_awaited_in_asynchronous_code() -> None:
    await Variable.aset("later", {"a": 1})
    read: Any = Variable.get("later")
    assert await read == await Variable.aget("later") == {"a": 1}
    assert await Variable.aunset("later")


def test_flows_and_tasks_read_variables() -> None:
    @task
    def in_a_task() -> object:
        return Variable.get("mission")

    @flow
    def synchronous() -> object:
        return [Variable.get("mission"), in_a_task()]

    Variable.set("mission", "mars", overwrite=True)
    assert synchronous() == ["mars", "mars"]
    assert current_session().outbox.drain(10)
    assert Variable.unset("mission")


def test_the_command_line_manages_variables() -> None:
    done("variable", "set", "cargo", '{"a": [1, null]}', "--tag", "x", "--tag", "y")
    assert done("variable", "get", "cargo").out == '{"a": [1, null]}\n'
    again = windlass("variable", "set", "cargo", "gold")
    assert (again.code, "--overwrite" in again.err) == (1, True)
    done("variable", "set", "cargo", "gold", "--overwrite")
    assert done("variable", "get", "cargo").out == "gold\n"
    shown = done("variable", "inspect", "cargo", "-o", "json").json
    assert (shown["name"], shown["value"], shown["tags"]) == ("cargo", "gold", [])
    assert "gold" in done("variable", "inspect", "cargo").out
    assert "cargo" in done("variable", "ls").out
    done("variable", "unset", "cargo")
    for command in ("get", "inspect", "unset", "delete"):
        missing = windlass("variable", command, "cargo")
        assert (missing.code, "no variable named 'cargo'" in missing.err) == (1, True)
    refused = windlass("variable", "set", "Bad Name", "1")
    assert (refused.code, "lowercase" in refused.err) == (1, True)
