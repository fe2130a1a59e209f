"""How a group of settings is written down: a frozen class whose fields describe themselves.

Dataclasses would do the same, but making the thirty of them takes a process as long as all the rest
of reading settings. For the same reason this room keeps its records in named tuples.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Final, NamedTuple, NoReturn, TypeVar, cast, dataclass_transform

from windlass.settings.secret import MASK, Secret

PREFIX: Final = "WINDLASS_"

T = TypeVar("T")
G = TypeVar("G", bound="SettingsGroup")


class Field(NamedTuple):
    """What a group says about one of its settings."""

    default: object
    description: str
    aliases: tuple[str, ...] = ()
    """Further names of the environment variable, without the prefix."""
    at_least: float | None = None
    at_most: float | None = None
    secret: bool = False
    documented: bool = True
    """False for the settings that are Windlass' own."""
    starts: tuple[str, ...] = ()
    """How the text of an address may start."""


def setting(
    default: T,
    description: str,
    *,
    aliases: tuple[str, ...] = (),
    at_least: float | None = None,
    at_most: float | None = None,
    secret: bool = False,
    documented: bool = True,
    starts: tuple[str, ...] = (),
) -> T:
    """Declare a setting in the body of a group."""
    field = Field(default, description, aliases, at_least, at_most, secret, documented, starts)
    return cast(T, field)


def group(kind: type[G]) -> G:
    """Declare a group within a group."""
    return cast(G, kind)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(setting, group))
class SettingsGroup:
    """Settings that belong together; its attributes cannot be set."""

    fields: ClassVar[Mapping[str, Field]]
    groups: ClassVar[Mapping[str, "type[SettingsGroup]"]]
    types: ClassVar[Mapping[str, object]]

    def __init_subclass__(cls) -> None:
        declared = {name: vars(cls).get(name) for name in cls.__annotations__}
        cls.fields = {name: said for name, said in declared.items() if isinstance(said, Field)}
        cls.groups = {name: said for name, said in declared.items() if isinstance(said, type)}
        cls.types = cls.__annotations__

    def __init__(self, **values: Any) -> None:
        vars(self).update(values)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(
            f"Settings cannot be changed ({name!r}); use `temporary_settings` or a profile"
        )

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash(repr(vars(self)))

    def __repr__(self) -> str:
        shown = (f"{name}={self._shown(name)}" for name in (*self.fields, *self.groups))
        return f"{type(self).__name__}({', '.join(shown)})"

    def _shown(self, name: str) -> str:
        value: object = getattr(self, name)
        is_secret = name in self.fields and self.fields[name].secret and value is not None
        return repr(MASK) if is_secret and not isinstance(value, Secret) else repr(value)


def walk(kind: type[SettingsGroup], path: str = "") -> Iterator[tuple[str, Field, object]]:
    """Every setting of a group and of the groups in it: dotted path, field, declared type."""
    for name, field in kind.fields.items():
        yield path + name, field, kind.types[name]
    for name, inner in kind.groups.items():
        yield from walk(inner, f"{path}{name}.")


def build(
    kind: type[G], value_of: Callable[[str, Field], object], path: str = "", **further: object
) -> G:
    """A group and the groups in it, each value asked for by its dotted path."""
    values: dict[str, object] = {
        name: value_of(path + name, field) for name, field in kind.fields.items()
    }
    for name, inner in kind.groups.items():
        values[name] = build(inner, value_of, f"{path}{name}.")
    return kind(**values, **further)
