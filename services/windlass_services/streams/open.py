"""From a setting to streams."""

from typing import Final
from urllib.parse import urlsplit

from windlass.exceptions import BackendMissing, SettingInvalid
from windlass_services.streams.memory import MemoryStreams
from windlass_services.streams.protocol import Streams

_SETTING: Final = "WINDLASS_SERVER_BROKER_URL"


def is_replicated(url: str) -> bool:
    """Whether processes that name this broker share it."""
    return urlsplit(url).scheme != "memory"


def open_streams(url: str, *, workspace: str = "default") -> Streams:
    """The streams that a broker URL names; nothing is connected before the first use.

    Raises SettingInvalid if the URL makes no sense, BackendMissing if a package is not installed.
    """
    match urlsplit(url).scheme:
        case "memory":
            return MemoryStreams()
        case "redis" | "rediss":
            return _open_redis(url, workspace)
        case scheme:
            # The URL itself may hold a password, so it is not repeated.
            raise SettingInvalid(
                f"{_SETTING} names the unknown scheme {scheme!r}. "
                "Use memory://, redis://host:port/0 or rediss://host:port/0 (TLS)."
            )


def _open_redis(url: str, workspace: str) -> Streams:
    try:
        from windlass_services.streams.redis.streams import RedisStreams  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != "redis":
            raise
        raise BackendMissing(
            f"{_SETTING} asks for Redis, but the package 'redis' is not installed. "
            "Install it with: pip install 'windlass[redis]'"
        ) from error
    return RedisStreams(url, workspace=workspace)
