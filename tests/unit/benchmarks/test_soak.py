"""Growth is from the fifth minute to the end, of each service by itself."""

from benchmarks.soak import Watched, page, rows


def watched(*, minutes: int, growth: float) -> Watched:
    """100 MB at first, 110 MB from the second minute to the tenth, and then `growth` in percent."""
    found = Watched()
    for second in range(0, 60 * minutes, 5):
        megabytes = 100.0 if second < 120 else 110.0
        found.note("api", second, megabytes * (1 + growth / 100 * (second >= 600)))
        found.note("triggers", second, 90.0)
    return found


def test_what_a_service_takes_at_its_start_is_no_growth() -> None:
    assert watched(minutes=20, growth=0).growth("api", 20) == (110.0, 110.0)


def test_a_service_that_grew_by_more_than_two_percent_misses_the_target() -> None:
    lines = rows(watched(minutes=20, growth=3), 20)
    assert lines[2:] == [
        "| api | 110.0 MB | 113.3 MB | +3.00 %: missed |",
        "| triggers | 90.0 MB | 90.0 MB | +0.00 %: met |",
    ]


def test_one_that_shrank_meets_it() -> None:
    assert "-3.00 %: met" in rows(watched(minutes=20, growth=-3), 20)[2]


def test_one_large_sample_is_not_the_end() -> None:
    found = watched(minutes=20, growth=0)
    found.note("api", 1200, 500.0)
    assert found.growth("api", 20) == (110.0, 110.0)


def test_a_short_soak_is_warm_after_a_quarter() -> None:
    assert watched(minutes=12, growth=1).growth("api", 12)[0] == 110.0
    assert watched(minutes=2, growth=0).growth("triggers", 2) == (90.0, 90.0)


def test_the_page_says_how_it_was_made() -> None:
    made = page(["| a |"], "Much was sent.", minutes=20, per_second=50)
    assert "--minutes 20 --per-second 50 --write" in made
    assert "PostgreSQL" in made
