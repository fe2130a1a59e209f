"""Every setting there is, by path and by name: honoured, mapped or void."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from windlass.exceptions import SettingInvalid
from windlass.settings import broker, connect_args, database_url
from windlass.settings.groups import PREFIX, walk
from windlass.settings.root import Settings

INTERNAL_PREFIX: Final = "WINDLASS__"
"""How the variables start that one process of Windlass hands to another."""

PROFILE_VARIABLE: Final = "WINDLASS_PROFILE"


class Status(StrEnum):
    """What becomes of a setting."""

    HONOURED = "honoured"
    """It does what it says."""
    MAPPED = "mapped"
    """Another setting takes over what it says."""
    VOID = "void"
    """It changes nothing, and says so when it is set."""


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """One setting. `description` says what it does, or why it does nothing."""

    path: str
    status: Status
    kind: object
    """The declared type; for a void setting, the name of one."""
    default: object
    description: str
    aliases: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    secret: bool = False
    documented: bool = True
    starts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its environment variable, which is also its name in a profile."""
        return PREFIX + self.path.upper().replace(".", "_")

    @property
    def names(self) -> tuple[str, ...]:
        """All its environment variables, the first being its own, the others older ones."""
        return (self.name, *(PREFIX + alias for alias in self.aliases))


@cache
def effective() -> dict[str, Setting]:
    """The settings that are honoured or mapped, by their dotted paths."""
    return {setting.path: setting for setting in (*_honoured(), *_mapped())}


@cache
def catalogue() -> dict[str, Setting]:
    """Every setting by its dotted path, sorted."""
    found = [*effective().values(), *_void()]
    return {setting.path: setting for setting in sorted(found, key=lambda each: each.path)}


@cache
def by_name() -> dict[str, Setting]:
    """Every setting by each of its environment variables."""
    return {name: setting for setting in catalogue().values() for name in setting.names}


def find(written: str) -> Setting | None:
    """The setting of this dotted path or environment variable."""
    return (
        effective().get(written)
        or _effective_by_name().get(written)
        or by_name().get(written)
        or catalogue().get(written)
    )


def setting_named(written: str) -> Setting:
    """The setting of this dotted path or environment variable, in any case.

    Raises SettingInvalid, with the nearest name, if there is none.
    """
    setting = find(written) or find(written.upper()) or find(written.lower())
    if setting is None:
        raise SettingInvalid(f"There is no setting {written}.{nearest(written)}")
    return setting


def nearest(written: str) -> str:
    """A question after the setting that was meant, to end a message with; may be empty."""
    import difflib  # noqa: PLC0415 (needed for mistakes only)

    candidates = by_name() if written.upper().startswith(PREFIX) else catalogue()
    wanted = written.upper() if candidates is by_name() else written.lower()
    close = difflib.get_close_matches(wanted, candidates, n=1)
    return f" Did you mean {close[0]}?" if close else ""


def void_family(name: str) -> str | None:
    """Why an environment variable of a documented family changes nothing, or None."""
    from windlass.settings.void import VOID_PREFIXES  # noqa: PLC0415 (as in _void)

    bare = name.removeprefix(PREFIX)
    return next((why for start, why in VOID_PREFIXES.items() if bare.startswith(start)), None)


@cache
def _effective_by_name() -> dict[str, Setting]:
    return {name: setting for setting in effective().values() for name in setting.names}


def _honoured() -> list[Setting]:
    return [
        Setting(
            path=path,
            status=Status.HONOURED,
            kind=kind,
            default=field.default,
            description=field.description,
            aliases=field.aliases,
            at_least=field.at_least,
            at_most=field.at_most,
            secret=field.secret,
            documented=field.documented,
            starts=field.starts,
        )
        for path, field, kind in walk(Settings)
    ]


def _mapped() -> list[Setting]:
    tables = ((broker.TARGET, broker.MAPPED), (database_url.TARGET, connect_args.MAPPED))
    return [
        Setting(
            path=path,
            status=Status.MAPPED,
            kind=mapped.kind,
            default=mapped.default,
            description=f"{mapped.description} Gives {PREFIX}{target.upper().replace('.', '_')}.",
            aliases=mapped.aliases,
            secret=mapped.secret,
        )
        for target, mapped_to_it in tables
        for path, mapped in mapped_to_it.items()
    ]


def _void() -> list[Setting]:
    # Most processes are given no setting of this long table.
    from windlass.settings.void import VOID  # noqa: PLC0415

    return [
        Setting(
            path=f"{group.path}.{name}".lstrip("."),
            status=Status.VOID,
            kind=void.kind or ("str" if void.default is None else type(void.default).__name__),
            default=void.default,
            description=void.why or group.why,
            aliases=void.aliases,
        )
        for group in VOID
        for name, void in group.settings.items()
    ]
