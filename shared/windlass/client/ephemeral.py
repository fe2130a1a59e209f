"""The embedded server of a process that has no API configured."""

import os
from threading import Lock
from typing import TYPE_CHECKING, Final

from windlass.exceptions import SettingInvalid
from windlass.settings import Settings, get_current_settings

if TYPE_CHECKING:
    from windlass.client.embedded_server import EmbeddedServer


def ensure_api(settings: Settings | None = None) -> str:
    """The address of the API of the embedded server, which is started unless it runs already.

    Returns at once: requests wait, in the backlog of the socket, until the server has started.
    The server has the database under WINDLASS_HOME. It ends with the last process that has what
    this one has open: this one, and those that it forked; programs that it starts find the server
    by WINDLASS_API_URL. Raises SettingInvalid where embedded servers are not allowed.
    """
    settings = settings or get_current_settings()
    if not settings.server.ephemeral.enabled:
        raise SettingInvalid(
            "No API is configured: start a server with `windlass server start` and set "
            "WINDLASS_API_URL to its address, or allow an embedded server with "
            "WINDLASS_SERVER_EPHEMERAL_ENABLED=true."
        )
    with _embedded.lock:
        if _embedded.server is None:
            # What starts a process is not imported by all those that need no server.
            from windlass.client.embedded_server import EmbeddedServer  # noqa: PLC0415

            _embedded.server = EmbeddedServer()
            os.environ["WINDLASS_API_URL"] = _embedded.server.url
        return _embedded.server.url


def is_embedded(url: str) -> bool:
    """Whether this is the address of the embedded server of this process."""
    return _embedded.server is not None and url == _embedded.server.url


def trouble_of_embedded() -> str | None:
    """What the embedded server of this process said at last, if it has ended; else None."""
    return None if _embedded.server is None else _embedded.server.trouble()


class _Embedded:
    """The one server of this process, once it is needed."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.server: EmbeddedServer | None = None


_embedded: Final = _Embedded()
