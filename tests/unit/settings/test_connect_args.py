"""Settings: how a connection to PostgreSQL is made ends up in the one URL of the database."""

from urllib.parse import parse_qs, urlsplit

import pytest

from windlass.settings import Settings, resolve

URL = "postgresql+asyncpg://windlass:secret@db:5432/windlass"
_ARGS = "WINDLASS_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS"


def given(url: str = URL, **values: str) -> Settings:
    """The settings of a process with this URL and these arguments."""
    variables = {f"{_ARGS}_{name}": value for name, value in values.items()}
    return resolve({"WINDLASS_SERVER_DATABASE_CONNECTION_URL": url, **variables}, None)


def parameters(settings: Settings) -> dict[str, list[str]]:
    """What the URL of the database says behind its question mark."""
    return parse_qs(urlsplit(settings.server.database.connection_url).query)


def test_certificates_become_parameters_of_the_url() -> None:
    settings = given(
        TLS_ENABLED="true",
        TLS_CA_FILE="/etc/db/ca.pem",
        TLS_CERT_FILE="/etc/db/own.pem",
        TLS_KEY_FILE="/etc/db/own key.pem",
    )
    assert parameters(settings) == {
        "sslmode": ["verify-full"],
        "sslrootcert": ["/etc/db/ca.pem"],
        "sslcert": ["/etc/db/own.pem"],
        "sslkey": ["/etc/db/own key.pem"],
    }
    assert settings.notices == ()


def test_a_certificate_need_not_name_the_host() -> None:
    settings = given(TLS_ENABLED="true", TLS_CA_FILE="/ca.pem", TLS_CHECK_HOSTNAME="false")
    assert parameters(settings)["sslmode"] == ["verify-ca"]


@pytest.mark.parametrize("name", ["STATEMENT_CACHE_SIZE", "PREPARED_STATEMENT_CACHE_SIZE"])
def test_prepared_statements_are_switched_off_by_either_size(name: str) -> None:
    assert parameters(given(**{name: "0"})) == {"prepared_statement_cache_size": ["0"]}


def test_what_the_url_says_itself_counts() -> None:
    settings = given(
        f"{URL}?sslmode=require&prepared_statement_cache_size=5",
        TLS_ENABLED="true",
        STATEMENT_CACHE_SIZE="0",
    )
    assert parameters(settings) == {
        "sslmode": ["require"],
        "prepared_statement_cache_size": ["5"],
    }
    (notice,) = settings.notices
    assert "TLS_ENABLED (from env) has no effect: the URL of the database says sslmode" in notice


def test_certificates_without_tls_are_warned_about() -> None:
    settings = given(TLS_CA_FILE="/ca.pem")
    assert parameters(settings) == {}
    (notice,) = settings.notices
    assert "has no effect" in notice
    assert "TLS_ENABLED is not true" in notice


def test_a_file_of_sqlite_takes_no_arguments() -> None:
    settings = given("sqlite+aiosqlite:///windlass.db", TLS_ENABLED="true")
    assert settings.server.database.connection_url == "sqlite+aiosqlite:///windlass.db"
    assert "the database is not PostgreSQL" in settings.notices[0]
