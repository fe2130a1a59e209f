"""Git repositories of this machine: with commits, and served over HTTP to who has the login."""

import os
import subprocess
import threading
from base64 import b64encode
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

_OF_A_HOOK = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX")
_AUTHOR = ("-c", "user.name=Author", "-c", "user.email=author@example.com")


@dataclass(frozen=True, slots=True)
class Commits:
    """A bare repository with a branch `main`, and a clone that commits are made in."""

    bare: Path
    author: Path

    def __post_init__(self) -> None:
        self.bare.mkdir(parents=True)
        git(self.bare, "init", "--bare", "--quiet", "--initial-branch=main")
        self.author.mkdir()
        git(self.author, "init", "--quiet", "--initial-branch=main")
        git(self.author, "remote", "add", "origin", str(self.bare))

    @property
    def url(self) -> str:
        """Where it is cloned from."""
        return f"file://{self.bare}"

    def commit(
        self,
        message: str,
        files: Mapping[str, str],
        *,
        branch: str | None = None,
        amend: bool = False,
    ) -> None:
        """Commit these contents and push them."""
        if branch:
            git(self.author, "checkout", "--quiet", "-b", branch)
        for name, text in files.items():
            path = self.author / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        git(self.author, "add", ".")
        more = ["--amend"] if amend else []
        git(self.author, "commit", "--quiet", "--message", message, *more)
        git(self.author, "push", "--quiet", "--force", "origin", "HEAD")


def git(directory: Path, *words: str) -> str:
    """What a command of git prints, whatever repository the tests are run by a hook of."""
    inherited = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    return subprocess.run(
        ["git", *_AUTHOR, *words],
        cwd=directory,
        env=inherited,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


@contextmanager
def serving_repositories(root: Path, username: str, password: str) -> Generator[str]:
    """The address of a server of the repositories in `root`, which takes this login alone."""

    class Here(_GitOverHttp):
        directory = root
        login = f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"

    server = ThreadingHTTPServer(("127.0.0.1", 0), Here)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _GitOverHttp(BaseHTTPRequestHandler):
    """Hands requests to the program that git brings for them."""

    directory: ClassVar[Path]
    login: ClassVar[str]

    def do_GET(self) -> None:
        """A request without a body."""
        self._answer(b"")

    def do_POST(self) -> None:
        """A request with one."""
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def log_message(self, format: str, *args: object) -> None:
        """Tests say what they need to."""

    def _answer(self, body: bytes) -> None:
        if self.headers.get("Authorization") != self.login:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="repositories"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        asked = urlsplit(self.path)
        said = {
            "GIT_PROJECT_ROOT": str(self.directory),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "somebody",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": asked.path,
            "QUERY_STRING": asked.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        ran = subprocess.run(
            ["git", "http-backend"],
            input=body,
            env={**os.environ, **said},
            capture_output=True,
            check=True,
        )
        head, _, content = ran.stdout.partition(b"\r\n\r\n")
        headers = BytesHeaderParser().parsebytes(head)
        self.send_response(int(str(headers.get("Status", "200")).split()[0]))
        for name, value in headers.items():
            if name != "Status":
                self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
