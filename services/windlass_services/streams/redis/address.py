# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
"""What a Redis URL says: which servers, in which layout, and how to speak to them."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit

from redis.asyncio.connection import parse_url

Host: TypeAlias = tuple[str, int]
Options: TypeAlias = dict[str, Any]
"""Arguments of a connection, by the vendor's names."""

_FOR_SENTINELS: Final = "sentinel_"
_USUAL_PORT: Final = 6379
_PORT_OF_SENTINELS: Final = 26379


class Layout(Enum):
    """How several servers are one Redis."""

    SINGLE = ""
    SENTINEL = "+sentinel"
    """Sentinels say which server is the master now."""
    CLUSTER = "+cluster"
    """Every server has a part of the keys."""


@dataclass(frozen=True, slots=True)
class Address:
    """A Redis in one of the layouts."""

    layout: Layout
    hosts: tuple[Host, ...]
    """The server; or the sentinels, or some servers of the cluster, of which one has to answer."""
    service: str
    """What the sentinels call the master; empty in other layouts."""
    options: Options
    """For the servers that hold data: credentials, database, TLS; neither host nor port."""
    for_sentinels: Options
    """For the sentinels: credentials of their own, and the TLS of the servers."""

    @property
    def where(self) -> str:
        """For a log line: who is asked, without secrets."""
        return ",".join(f"{host}:{port}" for host, port in self.hosts)


def address_of(url: str) -> Address:
    """Read a URL: `redis://`, `redis+sentinel://h1,h2/service/0` or `redis+cluster://h1,h2`.

    With `rediss` all of it speaks TLS. The query holds what redis-py's own URLs may say there, and
    `sentinel_username` and `sentinel_password`. Raises ValueError if it makes no sense.
    """
    scheme, _, rest = url.partition("://")
    transport, plus, name = scheme.partition("+")
    layout = Layout(plus + name)
    place, question, query = rest.partition("?")
    netloc, _, path = place.partition("/")
    who, at, names = netloc.rpartition("@")
    ours, theirs = _divided(query if question else "")
    service, database = _service_and_database(path) if layout is Layout.SENTINEL else ("", path)
    if not (database.isdecimal() or not database):
        raise ValueError("the database after the last slash is a number")
    if layout is Layout.SINGLE and "," in names:
        raise ValueError("several servers are redis+sentinel:// or redis+cluster://")
    if layout is Layout.CLUSTER and int(database or 0):
        raise ValueError("a cluster has one database, 0")
    # The vendor reads what is left, which is a URL of a single server.
    options: Options = {**parse_url(f"{transport}://{who}{at}host/{database}?{urlencode(ours)}")}
    for name in ("host", "connection_class"):
        options.pop(name, None)
    options["ssl"] = transport == "rediss"
    usual = _PORT_OF_SENTINELS if layout is Layout.SENTINEL else _USUAL_PORT
    return Address(
        layout=layout,
        hosts=tuple(_host(one, usual) for one in names.split(",")),
        service=service,
        options=options,
        for_sentinels=theirs | {n: v for n, v in options.items() if n.startswith("ssl")},
    )


def _divided(query: str) -> tuple[list[tuple[str, str]], Options]:
    """What of the query is for the servers, and what for the sentinels."""
    pairs = parse_qsl(query, keep_blank_values=True)
    theirs = {
        name.removeprefix(_FOR_SENTINELS): value
        for name, value in pairs
        if name.startswith(_FOR_SENTINELS)
    }
    return [pair for pair in pairs if not pair[0].startswith(_FOR_SENTINELS)], theirs


def _service_and_database(path: str) -> tuple[str, str]:
    service, _, database = path.partition("/")
    if not service:
        raise ValueError("the name of the sentinels' master is missing")
    return service, database


def _host(text: str, usual_port: int) -> Host:
    parts = urlsplit(f"//{text}")
    return parts.hostname or "localhost", parts.port or usual_port
