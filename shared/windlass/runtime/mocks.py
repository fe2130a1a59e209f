"""What the environment says in place of a fact, for tests."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from windlass.exceptions import ConfigurationError
from windlass.settings import handed_over


def fact(room: str, name: str, facts: Mapping[str, tuple[type, Callable[[], Any]]]) -> Any:
    """The fact `name` of `room`: what the environment says, as its type, else what is true.

    Raises AttributeError where there is no such fact, and ConfigurationError where the environment
    says one that cannot be said in text.
    """
    variable = f"RUNTIME__{room}__{name}".upper()
    said = handed_over(variable)
    if said is not None:
        kind = facts[name][0] if name in facts else str
        return _cast(said, kind, variable)
    if name not in facts:
        raise AttributeError(f"windlass.runtime.{room} has no attribute {name!r}")
    return facts[name][1]()


def _cast(said: str, kind: type, variable: str) -> Any:
    if kind not in _FROM_TEXT:
        raise ConfigurationError(
            f"WINDLASS__{variable} cannot be mocked by text: it is a {kind.__name__}. "
            "Patch the attribute instead."
        )
    return _FROM_TEXT[kind](said)


def _moment(said: str) -> datetime:
    moment = datetime.fromisoformat(said)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _truth(said: str) -> bool:
    return said.strip().lower() in ("true", "1", "yes", "on")


_FROM_TEXT: Final[Mapping[type, Callable[[str], Any]]] = {
    str: str,
    int: int,
    float: float,
    bool: _truth,
    datetime: _moment,
}
