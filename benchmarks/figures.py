"""What a lane says: figures, what they have to be, and their row in the table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

HEADS: Final = ("measure", "target", "Windlass", "Prefect 3.6.7", "ratio")
NONE: Final = "-"


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure of ours has to be: its value, and how often it holds the reference's."""

    at_least: float | None = None
    at_most: float | None = None
    times: float | None = None

    def is_met(self, ours: float, theirs: float | None) -> bool:
        """Whether all of it holds; a reference that did nothing at all is beaten by anything."""
        holds = [
            self.at_least is None or ours >= self.at_least,
            self.at_most is None or ours <= self.at_most,
            self.times is None or (theirs is not None and ours > 0 and ours >= self.times * theirs),
        ]
        return all(holds)

    def text(self, unit: str) -> str:
        """As people read it."""
        asked = (
            (">=", self.at_least, f" {unit}"),
            ("<=", self.at_most, f" {unit}"),
            (">=", self.times, " times"),
        )
        return ", ".join(
            f"{sign} {value:,.10g}{of}".rstrip() for sign, value, of in asked if value is not None
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of one side; `value` None where this side has nothing like it."""

    name: str
    value: float | None
    unit: str
    target: Target | None = None


def row(ours: Figure, theirs: Figure) -> str:
    """The line of the table."""
    ratio = NONE
    if ours.value is not None and theirs.value:
        ratio = f"{ours.value / theirs.value:.3f}"
    cells = (ours.name, _target(ours, theirs), _number(ours), _number(theirs), ratio)
    return f"| {' | '.join(cells)} |"


def table(rows: Sequence[str]) -> list[str]:
    """The lines of the table with its head."""
    return [f"| {' | '.join(HEADS)} |", f"| {' | '.join('---' for _ in HEADS)} |", *rows]


def percentile(values: Sequence[float], part: int) -> float:
    """The value that so many of a hundred do not exceed."""
    return sorted(values)[min(len(values) * part // 100, len(values) - 1)]


def _target(ours: Figure, theirs: Figure) -> str:
    if ours.target is None or ours.value is None:
        return NONE
    is_met = ours.target.is_met(ours.value, theirs.value)
    return f"{ours.target.text(ours.unit)}: {'met' if is_met else 'missed'}"


def _number(figure: Figure) -> str:
    value = figure.value
    if value is None:
        return NONE
    return f"{value:.0f} {figure.unit}" if abs(value) >= 100 else f"{value:.2f} {figure.unit}"
