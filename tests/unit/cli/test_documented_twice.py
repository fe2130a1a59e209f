"""Commands that the documents show in two ways: those exist that stock Prefect has."""

import pytest

from tests.support.command import done, windlass
from windlass.cli.catalogue import COMMANDS, OTHER_NAMES


@pytest.mark.parametrize(("other", "name"), OTHER_NAMES.items())
def test_a_command_has_another_name_that_help_does_not_list(other: str, name: str) -> None:
    usage, _, rest = done(other, "--help").out.partition("\n")
    assert usage.startswith(f"Usage: windlass {other} ")
    assert rest == done(name, "--help").out.partition("\n")[2]
    assert other not in COMMANDS


def test_blocks_are_registered_under_either_name() -> None:
    assert "register" in done("blocks", "--help").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "my_flow.py"),
        ("deployment", "build", "my_flow.py"),
        ("deployment", "apply", "my_flow-deployment.yaml"),
    ],
)
def test_commands_of_older_versions_are_not_there(arguments: tuple[str, ...]) -> None:
    said = windlass(*arguments)
    assert said.code == 2
    assert "No such command" in said.err


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("deployment", "run", "a/b", "--timeout", "0"), "--watch-timeout"),
        (("gcl", "create", "x", "--limit", "1", "--inactive"), "--active-slots"),
    ],
)
def test_an_option_that_only_an_example_has_is_answered_with_a_suggestion(
    arguments: tuple[str, ...], meant: str
) -> None:
    said = windlass(*arguments)
    assert said.code == 2
    assert f"Did you mean '{meant}'?" in said.err


@pytest.mark.parametrize("group", ["work-pool", "work-queue"])
def test_a_limit_is_set_by_name_and_then_number(group: str) -> None:
    usage = done(group, "set-concurrency-limit", "--help").out.splitlines()[0]
    assert usage.endswith("NAME LIMIT")


def test_a_limit_is_made_without_effect_by_disable() -> None:
    assert "--disable" in done("gcl", "create", "--help").out
