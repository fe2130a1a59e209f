"""From a setting to streams."""

from typing import Final

from windlass.exceptions import BackendMissing, SettingInvalid
from windlass_services.streams.memory import MemoryStreams
from windlass_services.streams.protocol import Streams

_SETTING: Final = "WINDLASS_SERVER_BROKER_URL"
_REDIS: Final = {
    f"{transport}{layout}"
    for transport in ("redis", "rediss")
    for layout in ("", "+sentinel", "+cluster")
}
_RABBITMQ: Final = {"amqp", "amqps"}


def is_replicated(url: str) -> bool:
    """Whether processes that name this broker share it."""
    return _scheme(url) != "memory"


def open_streams(url: str, *, workspace: str = "default") -> Streams:
    """The streams that a broker URL names; nothing is connected before the first use.

    Raises SettingInvalid if the URL makes no sense, BackendMissing if a package is not installed.
    """
    scheme = _scheme(url)
    if scheme == "memory":
        return MemoryStreams()
    if scheme in _REDIS:
        return _open_redis(url, workspace)
    if scheme in _RABBITMQ:
        return _open_rabbitmq(url, workspace)
    # The URL itself may hold a password, so it is not repeated.
    raise SettingInvalid(
        f"{_SETTING} names the unknown scheme {scheme!r}. Use memory://, redis://host:port/0, "
        "redis+sentinel://host:port,.../service/0, redis+cluster://host:port,... or "
        "amqp://host:port/; rediss://, its kin and amqps:// are TLS."
    )


def _scheme(url: str) -> str:
    scheme, found, _ = url.partition("://")
    return scheme if found else ""


def _open_redis(url: str, workspace: str) -> Streams:
    try:
        from windlass_services.streams.redis.streams import RedisStreams  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise _missing(error, "Redis", extra="redis", package="redis") from error
    return RedisStreams(url, workspace=workspace)


def _open_rabbitmq(url: str, workspace: str) -> Streams:
    try:
        from windlass_services.streams.rabbitmq.streams import (  # noqa: PLC0415 (an extra)
            RabbitStreams,
        )
    except ModuleNotFoundError as error:
        raise _missing(error, "RabbitMQ", extra="rabbitmq", package="aio-pika") from error
    return RabbitStreams(url, workspace=workspace)


def _missing(
    error: ModuleNotFoundError, broker: str, *, extra: str, package: str
) -> BackendMissing | ModuleNotFoundError:
    """The error to raise: ours, unless what is missing is not the package of this broker."""
    module = (error.name or "").split(".")[0]
    if module != package.replace("-", "_"):
        return error
    return BackendMissing(
        f"{_SETTING} asks for {broker}, but the package {package!r} is not installed. "
        f"Install it with: pip install 'windlass[{extra}]'"
    )
