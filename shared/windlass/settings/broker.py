"""The documented settings of messaging, caches, leases and the task queue, as one broker URL."""

from collections.abc import Mapping
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


def broker_url(values: Mapping[str, object]) -> str | None:
    """The URL that these settings, by their paths, amount to; None if they say nothing of it.

    Raises ValueError if one names a module that is neither Redis nor memory.
    """
    modules = [_is_redis(path, values[path]) for path in _MODULES if path in values]
    docket = values.get("server.docket.url")
    if isinstance(docket, str) and not docket.startswith("memory:"):
        return docket
    if any(modules):
        return _redis_url(values)
    return "memory://" if modules or docket else None


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
