"""What the server refused is kept, but not without end."""

import json
import stat
from pathlib import Path

import pytest

from windlass.exceptions import Forbidden, RequestInvalid
from windlass.reporting.dead_letters import DeadLetters


def kept(folder: Path) -> list[str]:
    found = [json.loads(path.read_bytes()) for path in sorted(folder.iterdir())]
    return [line["message"] for letter in found for line in letter["lines"]]


def test_a_letter_says_what_was_refused_where_and_why(tmp_path: Path) -> None:
    DeadLetters(tmp_path / "refused").bury("/logs/", [{"message": "a"}], Forbidden("not yours"))
    [path] = (tmp_path / "refused").iterdir()
    letter = json.loads(path.read_bytes())
    assert letter["path"] == "/logs/"
    assert letter["reason"] == "Forbidden: not yours"
    assert letter["lines"] == [{"message": "a"}]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_oldest_letters_go(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path, most=3)
    for message in "abcde":
        letters.bury("/logs/", [{"message": message}], RequestInvalid())
    assert kept(tmp_path) == ["c", "d", "e"]
    assert letters.count == 5


def test_letters_have_so_many_bytes_but_the_last_is_kept(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path, most_bytes=1)
    for message in "ab":
        letters.bury("/logs/", [{"message": message}], RequestInvalid())
    assert kept(tmp_path) == ["b"]


def test_only_the_first_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    letters = DeadLetters(tmp_path)
    for message in "ab":
        letters.bury("/logs/", [{"message": message}], RequestInvalid("no"))
    assert capsys.readouterr().err.count("RequestInvalid: no") == 1
