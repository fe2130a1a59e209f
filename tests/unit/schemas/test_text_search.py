"""Text searches: what their words mean."""

import pytest

from windlass.schemas.filters.text_search import SearchTerms, parse_search


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("", SearchTerms()),
        ("error Timeout", SearchTerms(included=("error", "timeout"))),
        ("error -debug !test", SearchTerms(included=("error",), excluded=("debug", "test"))),
        ("+must maybe", SearchTerms(included=("maybe",), required=("must",))),
        ('"two words" -"not these"', SearchTerms(("two words",), (), ("not these",))),
        (r'"say \"hi\""', SearchTerms(('say "hi"',))),
        ('"never closed', SearchTerms(("never closed",))),
        ("well-known", SearchTerms(("well-known",))),
        ("- +", SearchTerms()),
    ],
)
def test_a_query_is_read_term_by_term(query: str, terms: SearchTerms) -> None:
    assert parse_search(query) == terms


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("disk", True),
        ("memory", False),
        ("memory disk", True),
        ("disk -full", False),
        ("+disk +full", True),
        ("+disk +memory", False),
        ('"disk full"', True),
        ('"full disk"', False),
        ("", True),
    ],
)
def test_a_text_matches_in_capitals_or_not(query: str, found: bool) -> None:
    assert parse_search(query).match("Error: the DISK FULL alarm") is found
