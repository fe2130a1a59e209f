"""A control plane as a child of this process, which ends with it."""

import os
import socket
import subprocess
import sys
from tempfile import TemporaryFile
from typing import Final

_MODULE: Final = "windlass_services"
_BACKLOG: Final = 128


class EmbeddedServer:
    """A server with the database under WINDLASS_HOME, started when this is made."""

    def __init__(self) -> None:
        # Without a name, so that it leaves nothing behind; and not our stderr, which whoever reads
        # it would take to be open until the server has ended too.
        self._errors = TemporaryFile()  # noqa: SIM115
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(_BACKLOG)
            port: int = listener.getsockname()[1]
            # Never written to, and never closed here: the server ends when the system closes it.
            watched, _ = os.pipe()
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", _MODULE, "--ephemeral"),
                    *("--fd", str(listener.fileno())),
                    *("--watch-fd", str(watched)),
                ],
                pass_fds=(listener.fileno(), watched),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                # Ctrl-C is for this process, which still has to say how its runs ended.
                start_new_session=True,
            )
            os.close(watched)
        self.url = f"http://127.0.0.1:{port}/api"
        """The address of its API."""

    def trouble(self) -> str | None:
        """What it said at last, if it has ended; else None."""
        if self._process.poll() is None:
            return None
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        said = lines[-1] if lines else "it said nothing"
        return f"The embedded server ended with status {self._process.returncode}: {said}"
