"""The table says what was asked, what was measured, and whether the one is the other."""

import pytest

from benchmarks.figures import HEADS, Figure, Target, percentile, row, table


@pytest.mark.parametrize(
    ("target", "ours", "theirs", "is_met"),
    [
        (Target(at_least=1000), 1000, None, True),
        (Target(at_least=1000), 999, None, False),
        (Target(at_most=20), 20, 1, True),
        (Target(at_most=20), 21, 100, False),
        (Target(times=25), 500, 20, True),
        (Target(times=25), 499, 20, False),
        (Target(at_least=5000, times=20), 5000, 300, False),
        (Target(at_least=5000, times=20), 4000, 100, False),
    ],
)
def test_a_target_is_met_when_all_of_it_holds(
    target: Target, ours: float, theirs: float | None, is_met: bool
) -> None:
    assert target.is_met(ours, theirs) is is_met


def test_nothing_is_so_many_times_a_reference_that_was_not_measured() -> None:
    assert not Target(times=25).is_met(500, None)


def test_a_reference_that_did_nothing_is_beaten_only_by_something() -> None:
    assert Target(times=25).is_met(1, 0)
    assert not Target(times=25).is_met(0, 0)


def test_a_row_has_target_ours_reference_and_ratio() -> None:
    target = Target(at_least=5000, times=20)
    line = row(Figure("events", 5500, "rows/s", target), Figure("events", 220, "rows/s"))
    assert (
        line == "| events | >= 5,000 rows/s, >= 20 times: met | 5500 rows/s | 220 rows/s | 25.000 |"
    )


def test_a_row_says_when_a_target_is_missed() -> None:
    late = Figure("latency", 21.5, "ms", Target(at_most=20))
    assert "| <= 20 ms: missed | 21.50 ms |" in row(late, Figure("latency", 5000, "ms"))


def test_what_one_side_does_not_have_is_no_number() -> None:
    nothing = Figure("a bare loop", None, "/s")
    assert (
        row(Figure("a bare loop", 2100, "/s"), nothing) == "| a bare loop | - | 2100 /s | - | - |"
    )


def test_every_row_has_the_columns_of_the_head() -> None:
    line = row(Figure("a", 1, "s", Target(at_most=2)), Figure("a", None, "s"))
    assert {text.count("|") for text in table([line])} == {len(HEADS) + 1}


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert percentile(values, 50) == 51
    assert percentile(values, 99) == 100
    assert percentile([7.0], 99) == 7
