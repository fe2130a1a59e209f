"""`python -m benchmarks`: both sides or nothing, and only the lanes that are named."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import sides
from benchmarks.figures import Figure
from benchmarks.sides import Side


def _lane(name: str, asked: list[str]) -> command.Lane:
    def lane(side: Side) -> list[Figure]:
        asked.append(f"{name} {side.module}")
        return [Figure(name, 2.0 if side.module == "windlass" else 1.0, "/s")]

    return lane


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was measured, of two lanes that measure nothing."""
    measured: list[str] = []
    lanes = {name: _lane(name, measured) for name in ("one", "other")}
    monkeypatch.setattr(command, "MEASURES", lanes)
    there = sides.windlass()
    monkeypatch.setattr(command, "reference", lambda: replace(there, module="prefect"))
    return measured


def test_a_lane_that_is_named_is_measured_alone_and_on_both_sides(
    asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command.main(["other"])
    assert asked == ["other windlass", "other prefect"]
    assert "| other | - | 2.00 /s | 1.00 /s | 2.000 |" in capsys.readouterr().out


def test_all_lanes_are_measured_where_none_is_named(asked: list[str]) -> None:
    command.main([])
    assert {line.partition(" ")[0] for line in asked} == {"one", "other"}


def test_a_lane_that_does_not_exist_is_refused(asked: list[str]) -> None:
    with pytest.raises(SystemExit) as refusal:
        command.main(["another"])
    assert refusal.value.code != 0
    assert not asked


def test_nothing_is_measured_without_the_reference(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "reference", sides.reference)
    monkeypatch.setattr(sides, "ROOT", tmp_path)
    with pytest.raises(SystemExit, match="make compat-env"):
        command.main([])
    assert not asked


def test_a_lane_whose_sides_say_different_things_is_an_error(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lane(side: Side) -> list[Figure]:
        return [Figure("x", 1, "s")] * (2 if side.module == "windlass" else 1)

    monkeypatch.setattr(command, "MEASURES", {"uneven": lane})
    with pytest.raises(ValueError, match="zip"):
        command.main([])
