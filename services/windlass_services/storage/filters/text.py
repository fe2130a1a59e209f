"""A text search as a clause."""

from typing import Any

import sqlalchemy as sa

from windlass.schemas.filters.text_search import parse_search
from windlass_services.storage.filters.criteria import Clause


def on_text(text: sa.ColumnElement[Any], query: str) -> Clause:
    """Rows whose text has what the query asks for, in capitals or not."""
    terms = parse_search(query)
    clauses = [_contains(text, term) for term in terms.required]
    clauses += [~_contains(text, term) for term in terms.excluded]
    if terms.included:
        clauses.append(sa.or_(*(_contains(text, term) for term in terms.included)))
    return sa.and_(sa.true(), *clauses)


def _contains(text: sa.ColumnElement[Any], term: str) -> Clause:
    return text.icontains(term, autoescape=True)
