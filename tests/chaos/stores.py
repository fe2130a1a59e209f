# pyright: reportUnknownMemberType=false
"""A PostgreSQL and a Redis that tests may break: their own, each behind a wire that can be cut."""

import shlex
import signal
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

from redis import Redis

from tests.chaos.wire import Wire, wired
from tests.support.postgres import create_database, run_statement
from tests.support.server_binaries import find_postgres, find_redis
from tests.support.server_keeper import (
    Keeper,
    Owner,
    accepts,
    owner_of_servers,
    start,
    start_postgres,
    start_redis,
)


@dataclass(slots=True)
class Postgres:
    """A cluster of its own."""

    keeper: Keeper
    url: str
    wire: Wire
    made: int = 0

    def new_database(self) -> tuple[str, str]:
        """The addresses of an empty database, through the wire and beside it."""
        self.made += 1
        url = create_database(self.url, f"chaos_{self.made}")
        return _through(self.wire, url), url

    def cut_connections(self) -> None:
        """End every session but our own, as a fail-over or an administrator does."""
        run_statement(
            self.url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
        )

    def restart(self) -> None:
        """Stop it without warning anyone, and start it again on the same data and port."""
        with self._stopped():
            pass

    @contextmanager
    def away(self) -> Generator[None]:
        """The same, with a while between in which connections are refused."""
        with self.wire.refusing(), self._stopped():
            yield

    @contextmanager
    def _stopped(self) -> Generator[None]:
        data = self.keeper.folder / "postgres" / "data"
        command = shlex.split((data / "postmaster.opts").read_text())
        self.keeper.running.pop_all().close()
        try:
            yield
        finally:
            _again(self.keeper, command, _port(self.url), owner_of_servers())


@dataclass(slots=True)
class Broker:
    """A Redis of its own, without persistence."""

    keeper: Keeper
    url: str
    wire: Wire
    databases: int = 0

    def new_database(self) -> str:
        """The address, through the wire, of a logical database that nobody uses."""
        self.databases += 1
        url = urlunsplit(urlsplit(self.url)._replace(path=f"/{self.databases}"))
        return _through(self.wire, url)

    def flush_all(self) -> None:
        """Lose everything."""
        with Redis.from_url(self.url) as client:
            client.flushall()

    def restart(self) -> None:
        """Stop it, and start it again with nothing."""
        port = _port(self.url)
        folder = self.keeper.folder / "redis"
        self.keeper.running.pop_all().close()
        bound = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
        kept = ["--save", "", "--appendonly", "no", "--databases", "64"]
        command = [str(find_redis().path), *bound, *kept]
        _again(self.keeper, command, port, Owner())


@dataclass(frozen=True, slots=True)
class Stores:
    """What the services stand on."""

    postgres: Postgres
    broker: Broker


@contextmanager
def own_stores() -> Generator[Stores]:
    """Both, for as long as the block goes on. Raises `NoServer`."""
    with TemporaryDirectory(prefix="windlass-chaos-") as folder:
        # PostgreSQL runs as another user, who has to come through.
        Path(folder).chmod(0o711)
        one, other = (_keeper(Path(folder) / name) for name in ("for-postgres", "for-redis"))
        with ExitStack() as ending:
            ending.callback(lambda: (one.running.close(), other.running.close()))
            # A commit outlives the server, if not the machine: without it, what was acknowledged
            # just before a restart is gone.
            postgres = start_postgres(
                one, find_postgres(), durable=False, settings=["synchronous_commit=on"]
            )
            redis = start_redis(other, find_redis())
            wires = [ending.enter_context(wired(_port(url))) for url in (postgres, redis)]
            yield Stores(Postgres(one, postgres, wires[0]), Broker(other, redis, wires[1]))


def _keeper(folder: Path) -> Keeper:
    folder.mkdir()
    folder.chmod(0o711)
    return Keeper(folder)


def _again(keeper: Keeper, command: list[str], port: int, owner: Owner) -> None:
    log = keeper.folder / "log"
    start(keeper, lambda _: command, owner, log, lambda _: accepts(port), signal.SIGINT)


def _port(url: str) -> int:
    return urlsplit(url).port or 0


def _through(wire: Wire, url: str) -> str:
    parts = urlsplit(url)
    who = f"{parts.username}@" if parts.username else ""
    return urlunsplit(parts._replace(netloc=f"{who}127.0.0.1:{wire.port}"))
