"""A fault that is tried again takes the place of its row, on a page of the same terms."""

import re

from tests.chaos.report import page


def row(fault: str, backend: str, size: str, held: str) -> list[str]:
    return [fault, backend, size, "0", "0", "0", "4 completed", "1", "0", "1.0", held]


def test_a_row_takes_the_place_of_the_one_before_and_the_others_stay() -> None:
    before = page([row("a", "embedded", "4 runs", "no"), row("b", "embedded", "4 runs", "yes")])
    after = page([row("a", "embedded", "5 runs", "yes")], before)
    assert after == page(
        [row("a", "embedded", "5 runs", "yes"), row("b", "embedded", "4 runs", "yes")]
    )


def test_clocks_that_are_fast_and_slow_are_two_faults() -> None:
    before = page([row("clock", "embedded", "+30 s, 4 runs", "yes")])
    after = page([row("clock", "embedded", "-30 s, 4 runs", "yes")], before)
    assert len([line for line in after.splitlines() if line.startswith("| clock")]) == 2


def test_what_was_measured_on_other_terms_is_dropped() -> None:
    before = page([row("a", "embedded", "4 runs", "yes")]).replace("seed ", "seed 1")
    after = page([row("b", "embedded", "4 runs", "yes")], before)
    assert "| a |" not in after


def test_what_was_measured_the_day_before_stays() -> None:
    before = page([row("a", "embedded", "4 runs", "yes")])
    the_day_before = re.sub(r"\d{4}-\d\d-\d\d", "2026-01-01", before)
    assert the_day_before != before
    after = page([row("b", "embedded", "4 runs", "yes")], the_day_before)
    assert "| a |" in after
    assert "2026-01-01" not in after
