"""Lines on disk: in order, whole, and gone when they are settled."""

import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from windlass.reporting.spool_file import SpoolFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs.jsonl"


@pytest.fixture
def file(path: Path) -> Iterator[SpoolFile]:
    file = SpoolFile(path)
    yield file
    file.close()


def write(file: SpoolFile, *numbers: int) -> None:
    file.append([b'{"n":%d}' % number for number in numbers])


def numbers(file: SpoolFile, most: int = 100, most_bytes: int = 1_000_000) -> list[int]:
    return [line["n"] for line in file.head(most, most_bytes).lines]


def test_lines_come_out_in_the_order_in_which_they_went_in(file: SpoolFile) -> None:
    write(file, 1, 2)
    write(file, 3)
    assert numbers(file, most=2) == [1, 2]
    file.settle(file.head(2).ends[-1])
    assert numbers(file) == [3]


def test_a_head_has_only_so_many_bytes_but_one_line_at_least(file: SpoolFile) -> None:
    write(file, 1, 2, 3)
    assert numbers(file, most_bytes=17) == [1, 2]
    assert numbers(file, most_bytes=1) == [1]


def test_only_its_user_may_read_it(file: SpoolFile, path: Path) -> None:
    write(file, 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_settled_takes_no_room(file: SpoolFile) -> None:
    empty = file.size
    write(file, 1, 2)
    file.settle(file.head(100).ends[-1])
    assert file.is_empty
    assert file.size == empty


def test_what_was_settled_is_not_read_again(file: SpoolFile, path: Path) -> None:
    write(file, 1, 2, 3)
    file.settle(file.head(100).ends[0])
    again = SpoolFile(path)
    assert numbers(again) == [2, 3]
    again.close()


def test_a_last_line_that_was_not_written_to_its_end_is_not_there(path: Path) -> None:
    file = SpoolFile(path)
    write(file, 1, 2)
    file.close()
    with path.open("ab") as torn:
        torn.write(b'{"n":')
    again = SpoolFile(path)
    assert numbers(again) == [1, 2]
    again.settle(again.head(100).ends[-1])
    assert numbers(again) == []
    again.close()


def test_a_line_that_is_no_json_takes_no_other_with_it(
    file: SpoolFile, capsys: pytest.CaptureFixture[str]
) -> None:
    file.append([b"broken"])
    write(file, 1)
    file.append([b"broken"])
    write(file, 2)
    assert numbers(file) == [1, 2]
    assert "cannot be read, and is lost" in capsys.readouterr().err


def test_whoever_waits_for_a_line_hears_when_it_is_settled(file: SpoolFile) -> None:
    early, late = threading.Event(), threading.Event()
    file.append([b'{"n":1}'], early)
    file.append([b'{"n":2}'], late)
    file.settle(file.head(100).ends[0])
    assert early.is_set()
    assert not late.is_set()
    file.settle(file.head(100).ends[-1])
    assert late.is_set()
