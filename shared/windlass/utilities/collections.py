"""Public: walks through nested collections."""

from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from windlass.utilities.annotations import BaseAnnotation, quote

LEAVES: Final[frozenset[type[Any]]] = frozenset({str, int, float, bool, bytes, type(None)})
"""What most values are: found out by one look at the type."""
_KINDS: Final[frozenset[type[Any]]] = frozenset({list, tuple, set})


def replace_elements(expr: Any, replacement: Callable[[Any], Any]) -> Any:
    """`expr` with another value in place of each one in it, if it is a list, tuple, set or dict.

    An annotation counts as a collection of one, but what is quoted is left alone. The same object
    where every value stays the same, and where there are none.
    """
    kind = cast("type[Any]", type(expr))
    if kind in LEAVES or not isinstance(expr, list | tuple | set | dict | BaseAnnotation):
        return expr
    if isinstance(expr, BaseAnnotation):
        return _marked(cast("BaseAnnotation[Any]", expr), replacement)
    if isinstance(expr, dict):
        return _dict(cast("dict[Any, Any]", expr), replacement)
    old = list(cast("Iterable[Any]", expr))
    new = [replacement(element) for element in old]
    if all(a is b for a, b in zip(old, new, strict=True)):
        return cast("Any", expr)
    if hasattr(kind, "_fields"):
        return kind(*new)
    return new if kind not in _KINDS else kind(new)


def _marked(old: BaseAnnotation[Any], replacement: Callable[[Any], Any]) -> Any:
    if isinstance(old, quote):
        return old
    value = replacement(old.value)
    return old if value is old.value else old.rewrap(value)


def _dict(old: dict[Any, Any], replacement: Callable[[Any], Any]) -> dict[Any, Any]:
    new = {key: replacement(value) for key, value in old.items()}
    return old if all(new[key] is value for key, value in old.items()) else new
