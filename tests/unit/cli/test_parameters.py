"""What options may say."""

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from windlass.cli.parameters import json_file, json_object, key_value, reading, reason_of
from windlass.schemas.schedules import CronSchedule


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("n=42", ("n", 42)),
        ("name=Bo", ("name", "Bo")),
        ('name="42"', ("name", "42")),
        ("flag=true", ("flag", True)),
        ('env={"A": "b=c"}', ("env", {"A": "b=c"})),
        ("where=a=b", ("where", "a=b")),
        ("empty=", ("empty", "")),
    ],
)
def test_a_value_is_json_where_it_can_be(text: str, pair: tuple[str, Any]) -> None:
    assert key_value(text) == pair


@pytest.mark.parametrize("text", ["name", "=3", " =3"])
def test_a_pair_needs_a_key(text: str) -> None:
    with pytest.raises(ValueError, match="key=value"):
        key_value(text)


@pytest.mark.parametrize("text", ["[1]", "3", "{", ""])
def test_a_mapping_is_a_mapping(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        json_object(text)


def test_a_file_with_a_mapping_is_read(tmp_path: Path) -> None:
    (tmp_path / "good.json").write_text('{"a": 1}')
    (tmp_path / "bad.json").write_text("a: 1")
    assert json_file(str(tmp_path / "good.json")) == {"a": 1}
    with pytest.raises(ValueError, match=r"bad\.json holds no mapping as JSON"):
        json_file(str(tmp_path / "bad.json"))
    with pytest.raises(ValueError, match=r"none\.json cannot be read"):
        json_file(str(tmp_path / "none.json"))


def test_what_cannot_be_read_is_wrong_usage() -> None:
    @click.command()
    @click.option("--pair", multiple=True, callback=reading(key_value))
    def command(pair: tuple[tuple[str, Any], ...]) -> None:
        click.echo(repr(pair))

    good = CliRunner().invoke(command, ["--pair", "a=1", "--pair", "b=x"])
    assert good.output == "(('a', 1), ('b', 'x'))\n"
    bad = CliRunner().invoke(command, ["--pair", "a"])
    assert bad.exit_code == 2
    assert "'a' is not of the form key=value." in bad.output


def test_a_reason_is_told_in_one_line() -> None:
    with pytest.raises(ValueError, match="validation error") as caught:
        CronSchedule(cron="never")
    assert reason_of(caught.value).startswith("Cron line 'never' is not valid")
    assert reason_of(ValueError("a word")) == "a word"
