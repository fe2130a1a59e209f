"""The embedded server of a process that has no API configured."""

import os
import socket
import subprocess
import sys
from tempfile import TemporaryFile
from threading import Lock
from typing import IO, Final

from windlass.exceptions import SettingInvalid
from windlass.settings import Settings, get_current_settings

_MODULE: Final = "windlass_services"
_BACKLOG: Final = 128


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
        if _embedded.url is None:
            _embedded.url = _embedded.start()
            os.environ["WINDLASS_API_URL"] = _embedded.url
        return _embedded.url


def is_embedded(url: str) -> bool:
    """Whether this is the address of the embedded server of this process."""
    return url == _embedded.url


def trouble_of_embedded() -> str | None:
    """What the embedded server of this process said at last, if it has ended; else None."""
    process, errors = _embedded.process, _embedded.errors
    if process is None or errors is None or process.poll() is None:
        return None
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    said = lines[-1] if lines else "it said nothing"
    return f"The embedded server ended with status {process.returncode}: {said}"


class _Embedded:
    """The server of this process."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.url: str | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.errors: IO[bytes] | None = None

    def start(self) -> str:
        """Start it, and return the address of its API."""
        # Without a name, so that it leaves nothing behind; and not our stderr, which whoever reads
        # it would take to be open until the server has ended too.
        self.errors = TemporaryFile()  # noqa: SIM115
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(_BACKLOG)
            port: int = listener.getsockname()[1]
            # Never written to, and never closed here: the server ends when the system closes it.
            watched, _ = os.pipe()
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", _MODULE, "--ephemeral"),
                    *("--fd", str(listener.fileno())),
                    *("--watch-fd", str(watched)),
                ],
                pass_fds=(listener.fileno(), watched),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self.errors,
                # Ctrl-C is for this process, which still has to say how its runs ended.
                start_new_session=True,
            )
            os.close(watched)
        return f"http://127.0.0.1:{port}/api"


_embedded: Final = _Embedded()
