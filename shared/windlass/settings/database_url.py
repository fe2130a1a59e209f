"""The parts of a database URL, given one by one, as one URL."""

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote

from windlass.exceptions import SettingInvalid
from windlass.settings.secret import Secret

TARGET: Final = "server.database.connection_url"
PARTS: Final = tuple(
    f"server.database.{part}" for part in ("driver", "host", "port", "user", "name", "password")
)


def composed(values: Mapping[str, object]) -> str | None:
    """The URL that the parts, by their paths, amount to; None without a driver.

    Raises SettingInvalid if a part is missing.
    """
    driver, host, port, user, name, password = (values.get(path) for path in PARTS)
    if driver is None:
        return None
    if str(driver).startswith("sqlite"):
        _demand(values, driver, "name")
        return f"{driver}:///{name}"
    _demand(values, driver, "host", "user", "name")
    who = quote(str(user), safe="")
    if isinstance(password, Secret):
        who += f":{quote(password.get_secret_value(), safe='')}"
    return f"{driver}://{who}@{host}:{port or 5432}/{name}"


def unused(values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The parts given here that play no role in the URL, each with the reason."""
    driver = values.get("server.database.driver")
    for path in PARTS:
        if path not in values:
            continue
        if TARGET in values:
            yield path, "WINDLASS_SERVER_DATABASE_CONNECTION_URL is set"
        elif driver is None:
            yield path, "WINDLASS_SERVER_DATABASE_DRIVER is not set"
        elif str(driver).startswith("sqlite") and not path.endswith(("driver", "name")):
            yield path, "SQLite is a file"


def _demand(values: Mapping[str, object], driver: object, *parts: str) -> None:
    missing = [part for part in parts if values.get(f"server.database.{part}") is None]
    if missing:
        names = ", ".join(f"WINDLASS_SERVER_DATABASE_{part.upper()}" for part in missing)
        raise SettingInvalid(
            f"WINDLASS_SERVER_DATABASE_DRIVER is {driver!r}, but {names} is not set."
            " Set it, or give the whole WINDLASS_SERVER_DATABASE_CONNECTION_URL."
        )
