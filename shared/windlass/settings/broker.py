"""The documented settings of messaging, caches, leases and the task queue, as one broker URL."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple
from urllib.parse import quote

from windlass.settings.secret import Secret


class Mapped(NamedTuple):
    """A documented setting whose meaning the broker URL takes over."""

    default: object
    kind: type
    description: str
    aliases: tuple[str, ...] = ()
    secret: bool = False


TARGET: Final = "server.broker_url"

_MODULE: Final = "`windlass_redis...` or `prefect_redis...` means Redis, `...memory` means memory."

MAPPED: Final[dict[str, Mapped]] = {
    "server.events.messaging_broker": Mapped(
        "prefect.server.utilities.messaging.memory", str, _MODULE, ("MESSAGING_BROKER",)
    ),
    "server.events.messaging_cache": Mapped(
        "prefect.server.utilities.messaging.memory", str, _MODULE, ("MESSAGING_CACHE",)
    ),
    "server.events.causal_ordering": Mapped("prefect.server.events.ordering.memory", str, _MODULE),
    "server.concurrency.lease_storage": Mapped(
        "prefect.server.concurrency.lease_storage.memory", str, _MODULE
    ),
    "server.docket.url": Mapped("memory://", str, "Taken as it is.", secret=True),
    "redis.messaging.host": Mapped("localhost", str, "Host of the Redis."),
    "redis.messaging.port": Mapped(6379, int, "Port of the Redis."),
    "redis.messaging.db": Mapped(0, int, "Database of the Redis."),
    "redis.messaging.username": Mapped(None, str, "User of the Redis."),
    "redis.messaging.password": Mapped(None, Secret, "Password of the Redis.", secret=True),
    "redis.messaging.ssl": Mapped(False, bool, "Speak TLS to the Redis."),
}

_MODULES: Final = (
    "server.events.messaging_broker",
    "server.events.messaging_cache",
    "server.events.causal_ordering",
    "server.concurrency.lease_storage",
)


def composed(values: Mapping[str, object]) -> str | None:
    """The URL that these settings, by their paths, amount to; None if they say nothing of it.

    Raises ValueError if one names a module that is neither Redis nor memory.
    """
    docket = _docket(values)
    by_module = _names_redis(values)
    if docket is not None:
        return docket
    if by_module:
        return _redis_url(values)
    return "memory://" if by_module is False or "server.docket.url" in values else None


def unused(values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The settings given here that play no part in the URL, each with the reason."""
    if TARGET in values:
        why = "WINDLASS_SERVER_BROKER_URL is set"
        yield from ((path, why) for path in MAPPED if path in values)
    elif _docket(values) is not None or not _names_redis(values):
        why = "no setting such as WINDLASS_MESSAGING_BROKER makes this Redis the broker"
        yield from ((path, why) for path in MAPPED if path in values and path.startswith("redis."))


def _docket(values: Mapping[str, object]) -> str | None:
    url = values.get("server.docket.url")
    return url if isinstance(url, str) and not url.startswith("memory:") else None


def _names_redis(values: Mapping[str, object]) -> bool | None:
    """Whether any module that is named is one of Redis; None if none is named."""
    named = [_is_redis(path, values[path]) for path in _MODULES if path in values]
    return any(named) if named else None


def _is_redis(path: str, module: object) -> bool:
    words = str(module).split(".")
    if words[0] in {"windlass_redis", "prefect_redis"}:
        return True
    if words[0] in {"windlass", "prefect"} and words[-1] == "memory":
        return False
    raise ValueError(f"{path} names the module {module!r}, for which there is no broker")


def _redis_url(values: Mapping[str, object]) -> str:
    said = {name: values.get(f"redis.messaging.{name}") for name in ("username", "password")}
    user = quote(str(said["username"] or ""), safe="")
    password = said["password"]
    secret = (
        f":{quote(password.get_secret_value(), safe='')}" if isinstance(password, Secret) else ""
    )
    who = f"{user}{secret}@" if user or secret else ""
    scheme = "rediss" if values.get("redis.messaging.ssl") else "redis"
    host, port, database = (
        values.get(f"redis.messaging.{name}", MAPPED[f"redis.messaging.{name}"].default)
        for name in ("host", "port", "db")
    )
    return f"{scheme}://{who}{host}:{port}/{database}"
