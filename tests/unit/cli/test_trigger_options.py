"""Triggers as options give them."""

from pathlib import Path

import pytest

from windlass.cli.trigger_options import read_triggers

ONE = {"expect": ["a"]}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"expect": ["a"]}', [ONE]),
        ('[{"expect": ["a"]}, {"expect": ["a"]}]', [ONE, ONE]),
        ('{"triggers": [{"expect": ["a"]}]}', [ONE]),
    ],
)
def test_triggers_are_one_a_list_or_under_a_key(text: str, found: list[object]) -> None:
    assert read_triggers(text) == found


def test_triggers_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "triggers.yaml"
    file.write_text("triggers:\n- expect: [a]\n")
    assert read_triggers(str(file)) == [ONE]


@pytest.mark.parametrize("text", ["", "words", "[1]", "{", "nowhere.yaml"])
def test_what_is_no_trigger_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"trigger|JSON|read"):
        read_triggers(text)
