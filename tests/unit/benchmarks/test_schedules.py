"""The 99th percentile of a loop, from what its process exports."""

import pytest

from benchmarks.schedules import slowest_loop


def page(**loops: dict[str, int]) -> str:
    return "\n".join(
        f'windlass_loop_pass_seconds_bucket{{le="{bound}",loop="{loop}"}} {count}.0'
        for loop, buckets in loops.items()
        for bound, count in buckets.items()
    )


def test_the_slowest_loop_is_the_one_with_the_longest_passes() -> None:
    quick = {"1.0": 100, "2.5": 100, "+Inf": 100}
    slow = {"1.0": 90, "2.5": 100, "+Inf": 100}
    loop, seconds = slowest_loop(page(quick=quick, slow=slow))
    assert loop == "slow"
    assert seconds == pytest.approx(2.35)


def test_one_slow_pass_of_a_thousand_does_not_count() -> None:
    _, seconds = slowest_loop(page(loop={"1.0": 999, "60.0": 1000, "+Inf": 1000}))
    assert seconds == pytest.approx(0.99, abs=0.01)


def test_passes_beyond_all_bounds_count_as_the_last_bound() -> None:
    assert slowest_loop(page(loop={"1.0": 1, "60.0": 1, "+Inf": 10}))[1] == 60


def test_a_process_without_loops_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="no loops"):
        slowest_loop("# nothing")
