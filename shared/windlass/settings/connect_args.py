"""The documented arguments of a connection to PostgreSQL, as parameters of the database's URL."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from windlass.settings.broker import Mapped

_GROUP: Final = "server.database.sqlalchemy.connect_args"
_TLS: Final = f"{_GROUP}.tls"
_ENABLED: Final = f"{_TLS}.enabled"
_SIZES: Final = (f"{_GROUP}.statement_cache_size", f"{_GROUP}.prepared_statement_cache_size")
_POOLERS: Final = "0 for poolers that mix prepared statements up, such as PgBouncer before 1.21."

MAPPED: Final[dict[str, Mapped]] = {
    **{path: Mapped(None, int, _POOLERS) for path in _SIZES},
    _ENABLED: Mapped(False, bool, "Speak TLS, and demand a certificate of PostgreSQL."),
    f"{_TLS}.ca_file": Mapped(None, Path, "Who signed it; without one, those the system trusts."),
    f"{_TLS}.cert_file": Mapped(None, Path, "The certificate to show PostgreSQL."),
    f"{_TLS}.key_file": Mapped(None, Path, "The key of that certificate."),
    f"{_TLS}.check_hostname": Mapped(True, bool, "Whether its certificate must name the host."),
}

_FILES: Final = {
    f"{_TLS}.ca_file": "sslrootcert",
    f"{_TLS}.cert_file": "sslcert",
    f"{_TLS}.key_file": "sslkey",
}


def with_connect_args(url: str, values: Mapping[str, object]) -> str:
    """The URL of a database, with what these settings, by their paths, add to it."""
    if not url.startswith("postgresql"):
        return url
    parts = urlsplit(url)
    said = dict(parse_qsl(parts.query, keep_blank_values=True))
    added = {name: text for name, text in _parameters(values).items() if name not in said}
    if "sslmode" in said:
        added = {name: text for name, text in added.items() if not name.startswith("ssl")}
    if not added:
        return url
    query = f"{parts.query}&{urlencode(added)}" if parts.query else urlencode(added)
    return urlunsplit(parts._replace(query=query))


def unused(url: str | None, values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The settings given here that add nothing to this URL, each with the reason."""
    for path in MAPPED:
        if path not in values:
            continue
        if url is None or not url.startswith("postgresql"):
            yield path, "the database is not PostgreSQL"
        elif path.startswith(_TLS) and "sslmode=" in urlsplit(url).query:
            yield path, "the URL of the database says sslmode"
        elif path.startswith(_TLS) and path != _ENABLED and not values.get(_ENABLED):
            yield path, "WINDLASS_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_TLS_ENABLED is not true"


def _parameters(values: Mapping[str, object]) -> dict[str, str]:
    sizes = [size for path in _SIZES if isinstance(size := values.get(path), int)]
    parameters = {"prepared_statement_cache_size": str(min(sizes))} if sizes else {}
    if not values.get(_ENABLED):
        return parameters
    checks_name = values.get(f"{_TLS}.check_hostname", True)
    parameters["sslmode"] = "verify-full" if checks_name else "verify-ca"
    parameters |= {_FILES[path]: str(values[path]) for path in _FILES if values.get(path)}
    if "sslrootcert" not in parameters and (trusted := _trusted_by_the_system()):
        parameters["sslrootcert"] = trusted
    return parameters


def _trusted_by_the_system() -> str | None:
    import ssl  # noqa: PLC0415 (most processes have no database)

    return ssl.get_default_verify_paths().cafile
