"""Queries of Prometheus, read by a parser of its language."""

from collections.abc import Iterator
from typing import Any, Final, cast

import promql_parser

_PARTS: Final = ("lhs", "rhs", "expr", "param", "args", "vector_selector")


def parsed(query: str) -> Any:
    """The root of its tree. Raises ValueError where Prometheus would refuse the query."""
    return promql_parser.parse(query)


def unknown_labels(tree: Any, declared: dict[str, frozenset[str]]) -> set[str]:
    """What the query selects or groups by that none of its metrics has: it would be empty."""
    names = {name for node in _nodes(tree) if (name := getattr(node, "name", None))}
    known = {"instance", "job"}.union(*(_labels(name, declared) for name in names))
    return {label for node in _nodes(tree) for label in _asked(node)} - known


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for part in _PARTS:
        below: Any = getattr(node, part, None)
        parts = cast(list[Any], below) if isinstance(below, list) else [below]
        for one in parts:
            if one is not None:
                yield from _nodes(one)


def _labels(name: str, declared: dict[str, frozenset[str]]) -> frozenset[str]:
    """Of a metric; one that nobody declares has none."""
    bucket = name.removesuffix("_bucket")
    if bucket != name:
        return declared.get(bucket, frozenset()) | {"le"}
    for suffix in ("_sum", "_count"):
        name = name if name in declared else name.removesuffix(suffix)
    return declared.get(name, frozenset())


def _asked(node: Any) -> Iterator[str]:
    """The labels that this node itself names."""
    if isinstance(node, promql_parser.VectorSelector):
        yield from (matcher.name for matcher in node.matchers.matchers)
    if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
        yield from node.modifier.labels
    if isinstance(node, promql_parser.BinaryExpr) and node.modifier is not None:
        yield from node.modifier.matching.labels if node.modifier.matching else ()
