"""PostgreSQL that takes nobody without a certificate."""

import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import asyncpg
import pytest

from tests.support.certificates import Authority, Signed
from tests.support.postgres import create_database, run_statement
from tests.support.server_binaries import find_postgres
from tests.support.server_keeper import Keeper, NoServer, owner_of_servers, start_postgres
from tests.support.windlass_server import Backend, WindlassServer, make_windlass_server

pytestmark = pytest.mark.timeout(180)

USER: Final = "windlass"
_TLS: Final = "WINDLASS_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_TLS"
_REFUSED: Final = 1


@dataclass(frozen=True, slots=True)
class Certified:
    """A PostgreSQL, who may come, and who signed its own certificate."""

    url: str
    own: Signed
    authority: Path
    stranger: Signed
    other_authority: Path

    def settings(self, **tls: Path | bool) -> dict[str, str]:
        """The settings that name the database, and these of TLS."""
        said = {f"{_TLS}_{name.upper()}": str(value) for name, value in tls.items()}
        return {
            "WINDLASS_SERVER_DATABASE_CONNECTION_URL": self.url,
            f"{_TLS}_ENABLED": "true",
            **said,
        }


@pytest.fixture(scope="module")
def certified() -> Generator[Certified]:
    """A PostgreSQL with TLS, where user `windlass` is who has a certificate of that name."""
    with TemporaryDirectory(prefix="windlass-tls-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        authority, other = Authority(folder, "authority"), Authority(folder, "other")
        server = authority.signed("server")
        owner = owner_of_servers()
        if owner.uid is not None and owner.gid is not None:
            os.chown(server.key, owner.uid, owner.gid)
        keeper = Keeper(folder)
        with keeper.running:
            url = _started(keeper, authority, server)
            yield Certified(
                url,
                authority.signed(USER),
                authority.file,
                other.signed("stranger"),
                other.file,
            )


def _started(keeper: Keeper, authority: Authority, server: Signed) -> str:
    files = {
        "ssl_ca_file": authority.file,
        "ssl_cert_file": server.certificate,
        "ssl_key_file": server.key,
    }
    settings = ["ssl=on", *(f"{name}={path}" for name, path in files.items())]
    try:
        url = start_postgres(keeper, find_postgres(), durable=False, settings=settings)
    except NoServer as error:
        if "SSL is not supported" in str(error):
            pytest.skip("This PostgreSQL was built without SSL: install one of the system.")
        raise
    run_statement(url, f"CREATE ROLE {USER} LOGIN SUPERUSER")
    create_database(url, "windlass")
    rules = keeper.folder / "postgres" / "data" / "pg_hba.conf"
    rules.write_text("host all postgres all trust\nhostssl all all all cert\n")
    run_statement(url, "SELECT pg_reload_conf()")
    port = url.rpartition("@")[2].partition("/")[0]
    return f"postgresql+asyncpg://{USER}@{port}/windlass"


@pytest.fixture
def server(certified: Certified, tmp_path: Path, redis_url: str) -> Iterator[WindlassServer]:
    """The services, with certificates by the documented settings; they made the tables."""
    own = certified.own
    tls = certified.settings(
        ca_file=certified.authority, cert_file=own.certificate, key_file=own.key
    )
    broker = {"WINDLASS_SERVER_BROKER_URL": redis_url}
    server = make_windlass_server(Backend.SERVICES, tmp_path / "server", tls | broker)
    try:
        server.start("api-1", "scheduler")
        yield server
    finally:
        server.stop()


def test_the_right_certificate_opens_the_database(server: WindlassServer) -> None:
    server.post("variables/", {"name": "answer", "value": 42})
    assert server.get("variables/name/answer")["value"] == 42


def test_no_certificate_is_refused_with_a_sentence(certified: Certified) -> None:
    said = _upgrade(certified.settings(ca_file=certified.authority))
    assert "connection requires a valid client certificate" in said
    assert "PostgreSQL refuses what WINDLASS_SERVER_DATABASE_CONNECTION_URL says" in said


def test_a_server_that_others_signed_is_refused_with_a_sentence(certified: Certified) -> None:
    own = certified.own
    said = _upgrade(
        certified.settings(
            ca_file=certified.other_authority, cert_file=own.certificate, key_file=own.key
        )
    )
    assert "There is no TLS to PostgreSQL" in said
    assert "certificate verify failed" in said


def test_a_certificate_that_others_signed_ends_the_connection(certified: Certified) -> None:
    # PostgreSQL says why in its own log only: in TLS 1.3 the refusal comes after the handshake.
    stranger = certified.stranger
    said = _upgrade(
        certified.settings(
            ca_file=certified.authority, cert_file=stranger.certificate, key_file=stranger.key
        )
    )
    assert "connection was closed" in said or "There is no TLS to PostgreSQL" in said


def test_a_file_that_is_not_there_is_named(certified: Certified, tmp_path: Path) -> None:
    said = _upgrade(certified.settings(ca_file=tmp_path / "lost.pem"))
    assert f"sslrootcert is {tmp_path / 'lost.pem'}, which is no file that can be read" in said


def test_the_database_really_speaks_tls(certified: Certified) -> None:
    url = certified.url.replace("+asyncpg", "")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="no encryption"):
        run_statement(f"{url}?sslmode=disable", "SELECT 1")


def _upgrade(settings: dict[str, str]) -> str:
    """What `windlass server database upgrade` says when it is refused."""
    command = [sys.executable, "-m", "windlass", "server", "database", "upgrade", "--yes"]
    done = subprocess.run(
        command,
        env=dict(os.environ) | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == _REFUSED, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return " ".join((done.stdout + done.stderr).split())
