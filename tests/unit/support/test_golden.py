"""A golden test fails with the difference and with the command that accepts it."""

from pathlib import Path

import pytest

from tests.support.golden import assert_golden


def test_equal_text_passes(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("one\n")
    assert_golden(tmp_path / "kept.txt", "one\n", updating=False)


@pytest.mark.parametrize("kept", ["one\nthree\n", None])
def test_other_text_fails_with_the_difference(tmp_path: Path, kept: str | None) -> None:
    if kept is not None:
        (tmp_path / "kept.txt").write_text(kept)
    with pytest.raises(pytest.fail.Exception, match=r"(?s)\+two.*make generate"):
        assert_golden(tmp_path / "kept.txt", "one\ntwo\n", updating=False)


def test_updating_writes_what_is_there_now(tmp_path: Path) -> None:
    assert_golden(tmp_path / "new" / "kept.txt", "one\n", updating=True)
    assert (tmp_path / "new" / "kept.txt").read_text() == "one\n"


def test_tests_of_a_module_with_goldens_are_marked(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("golden")
