"""An API that can be away, and what is left of a process that was killed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from windlass.exceptions import ServerUnreachable
from windlass.reporting.lanes import Limits
from windlass.reporting.outbox import Outbox
from windlass.reporting.spool import Spool

API_URL: Final = "http://fake.test/api"
QUICK: Final = Limits(batch=3, interval=0.0, capacity=100)


class Api:
    """Takes what is posted; says nothing while it is away, and refuses some messages."""

    def __init__(self) -> None:
        self.is_away = False
        self.refuses: dict[str, Exception] = {}
        self.bodies: list[Any] = []

    def post(self, path: str, body: Any) -> None:
        if self.is_away:
            raise ServerUnreachable("nobody is there")
        for line in body if path == "/logs/" else ():
            if line["message"] in self.refuses:
                raise self.refuses[line["message"]]
        self.bodies.append(body)

    def messages(self) -> list[str]:
        return [line["message"] for body in self.bodies for line in body]


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the spools of this machine are."""
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path) -> Iterator[Spool]:
    """The spool of this process."""
    spool = new_spool(folder)
    yield spool
    spool.forget()


@pytest.fixture
def outbox(api: Api, spool: Spool, tmp_path: Path) -> Iterator[Outbox]:
    """An outbox with that spool."""
    outbox = Outbox(api.post, logs=QUICK, spool=spool, refused=tmp_path / "refused")
    yield outbox
    api.is_away = False
    outbox.close(5)


def new_spool(folder: Path, most_bytes: int = 2**30, execution_id: str = "one") -> Spool:
    about = {"api_url": API_URL, "execution_id": execution_id, "process_id": os.getpid()}
    return Spool(folder, about, most_bytes)


def log(outbox: Outbox, *messages: str) -> None:
    for message in messages:
        outbox.log({"message": message})


def killed(code: str, *arguments: str) -> None:
    """Run code in a process that has to kill itself."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], timeout=20, check=False)
    assert done.returncode == -9
