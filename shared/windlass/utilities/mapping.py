"""From the arguments of `map` to the parameters of each run."""

from collections.abc import Iterable
from typing import Any, cast

from windlass.exceptions import MappingLengthMismatch, MappingMissingIterable
from windlass.utilities.annotations import BaseAnnotation, allow_failure, unmapped
from windlass.utilities.binding import Binder, Parameters


def expand_mapping_parameters(binder: Binder, parameters: Parameters) -> list[Parameters]:
    """The parameters of each run: one of every iterable, and the rest the same for all.

    Text and bytes count as one value, and so does what is `unmapped`. Raises
    MappingMissingIterable when nothing is left to iterate over, and MappingLengthMismatch.
    """
    spread = binder.spread(parameters)
    static = {name: _unmarked(value) for name, value in spread.items() if not _is_mapped(value)}
    mapped = {name: _elements(value) for name, value in spread.items() if _is_mapped(value)}
    if not mapped:
        raise MappingMissingIterable(
            "`map` needs at least one argument to iterate over; all of these are single values: "
            f"{', '.join(spread) or '(none)'}."
        )
    lengths = {name: len(values) for name, values in mapped.items()}
    if len(set(lengths.values())) > 1:
        raise MappingLengthMismatch(f"`map` needs iterables of one length; these have {lengths}.")
    static = {**binder.defaults, **static}
    return [
        binder.gather({**static, **dict(zip(mapped, values, strict=True))})
        for values in zip(*mapped.values(), strict=True)
    ]


def _is_mapped(value: object) -> bool:
    if isinstance(value, unmapped):
        return False
    inner = cast("object", value.unwrap()) if isinstance(value, allow_failure) else value
    if isinstance(inner, str | bytes | bytearray | BaseAnnotation):
        return False
    return isinstance(inner, Iterable)


def _elements(value: Any) -> list[Any]:
    if isinstance(value, allow_failure):
        marked = cast("allow_failure[Iterable[Any]]", value)
        return [allow_failure(element) for element in marked.unwrap()]
    return list(value)


def _unmarked(value: Any) -> Any:
    return cast("Any", value.unwrap()) if isinstance(value, unmapped) else value
