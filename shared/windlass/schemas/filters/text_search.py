"""What the words of a text search mean."""

import re
from dataclasses import dataclass
from typing import Final

_TERM: Final = re.compile(r'(?P<sign>[-!+]?)(?:"(?P<phrase>(?:\\.|[^"\\])*)"?|(?P<word>\S*))')
_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class SearchTerms:
    """The terms of a search, in small letters.

    A text matches that has one of `included` (if there are any), all of `required` and none of
    `excluded`.
    """

    included: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def match(self, text: str) -> bool:
        """Whether a text has what is asked for, in capitals or not."""
        text = text.lower()
        return (
            (not self.included or any(term in text for term in self.included))
            and all(term in text for term in self.required)
            and not any(term in text for term in self.excluded)
        )


def parse_search(query: str) -> SearchTerms:
    """The terms of a query: ``word``, ``"a phrase"``, ``-not`` or ``!not``, ``+must``.

    A backslash in a phrase keeps the next character as it is. A quotation mark that is never
    closed reaches to the end. Never fails: a sign alone means nothing.
    """
    terms: dict[str, list[str]] = {"": [], "+": [], "-": []}
    for found in _TERM.finditer(query):
        phrase = found["phrase"]
        term = _ESCAPED.sub(r"\1", phrase) if phrase is not None else found["word"]
        if term:
            sign = "-" if found["sign"] == "!" else found["sign"]
            terms[sign].append(term.lower())
    return SearchTerms(tuple(terms[""]), tuple(terms["+"]), tuple(terms["-"]))
