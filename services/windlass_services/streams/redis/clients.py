# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
"""The vendor's clients, one for each layout, behind one interface: the connection factory."""

from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol, TypeAlias

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.connection import Connection as PlainConnection
from redis.asyncio.connection import RedisSSLContext, SSLConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedSSLConnection,
)
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeout

from windlass_services.streams.redis.address import Address, Layout, Options

Argument: TypeAlias = str | bytes | int
Command: TypeAlias = tuple[Argument, ...]
Reply: TypeAlias = Any
"""Whatever Redis answers; the vendor's types do not say, the module that asks does."""

_CONNECT_TIMEOUT: Final = 2.0


class Client(Protocol):
    """Commands to a Redis, over a pool of connections."""

    scattered: ClassVar[bool]
    """Whether keys of different hash tags are on different servers."""

    async def run(self, command: Command, key: str | None) -> Reply:
        """Run one command; `key`, where it is known, says which server has to."""
        ...

    async def run_all(self, commands: Sequence[Command]) -> list[Reply]:
        """Run commands in one round trip; the reply of one that is refused is a ResponseError."""
        ...

    async def pubsub(self) -> PubSub:
        """A subscription with a connection of its own, closed with it."""
        ...

    async def close(self) -> None: ...


def open_client(
    address: Address, *, connections: int, reply_timeout: float, retries: int
) -> Client:
    """A client that connects at its first use. Raises ValueError or TypeError for bad options."""
    bounds: Options = {
        "socket_connect_timeout": _CONNECT_TIMEOUT,
        "socket_timeout": reply_timeout,
        # A pooled connection may have died unseen, so a command gets another one at once; it may
        # run twice, which consumers bear. A read that fails must say so: it may have lost some.
        "retry": Retry(NoBackoff(), retries, supported_errors=(RedisConnectionError,)),
        "protocol": 2,
        "decode_responses": False,
        "client_name": "windlass",
    }
    options = address.options | bounds | {"max_connections": connections}
    match address.layout:
        case Layout.SINGLE:
            host, port = address.hosts[0]
            return _Server(_pool(host, port, options))
        case Layout.SENTINEL:
            asking = address.for_sentinels | bounds | {"socket_timeout": 1.0}
            guides = Sentinel(())
            guides.sentinels = [_Guide.from_pool(_pool(*host, asking)) for host in address.hosts]
            options |= _shared_tls(options, _GuidedTlsConnection)
            return _Server(SentinelConnectionPool(address.service, guides, **options), guides)
        case Layout.CLUSTER:
            return _Cluster(address, options)


class _Server:
    """One server, or the one that the sentinels name."""

    scattered: ClassVar[bool] = False

    def __init__(self, pool: ConnectionPool, guides: Sentinel | None = None) -> None:
        # Makes an object and opens nothing, but says no to a query parameter nobody knows.
        pool.make_connection()
        self._client = Redis.from_pool(pool)
        self._guides = guides

    async def run(self, command: Command, key: str | None) -> Reply:
        del key  # there is one server to ask
        return await self._client.execute_command(*command)

    async def run_all(self, commands: Sequence[Command]) -> list[Reply]:
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        return await pipeline.execute(raise_on_error=False)

    async def pubsub(self) -> PubSub:
        return _Subscription(self._client.connection_pool)

    async def close(self) -> None:
        await _closed(self._client.aclose())
        for guide in self._guides.sentinels if self._guides else ():
            await _closed(guide.aclose())


class _Cluster:
    """Servers that share the keys; the vendor's client finds out which has what."""

    scattered: ClassVar[bool] = True

    def __init__(self, address: Address, options: Options) -> None:
        self._options = {name: value for name, value in options.items() if name != "db"}
        self._client = RedisCluster(
            startup_nodes=[ClusterNode(host, port) for host, port in address.hosts],
            # While one server is away, the partitions on the others go on.
            require_full_coverage=False,
            **self._options,
        )
        # It asks who has what by connections of its own kind, and makes all others by these.
        self._client.get_connection_kwargs().update(_shared_tls(options, _TlsConnection))

    async def run(self, command: Command, key: str | None) -> Reply:
        if key is None:
            return await self._client.execute_command(*command)
        await self._client.initialize()
        # Else the client asks a server where the keys in the command are, each time.
        node = self._client.get_node_from_key(key)
        return await self._client.execute_command(*command, target_nodes=node)

    async def run_all(self, commands: Sequence[Command]) -> list[Reply]:
        pipeline = self._client.pipeline()
        for command in commands:
            pipeline.execute_command(*command)
        replies: list[Reply] = await pipeline.execute(raise_on_error=False)
        for reply in replies:
            if isinstance(reply, RedisError) and not isinstance(reply, ResponseError):
                await self._client.aclose()  # a server is gone: ask again who has what
                raise reply
        return replies

    async def pubsub(self) -> PubSub:
        """To any server: what is published to one of them, all of them pass on."""
        await self._client.initialize()
        node = self._client.get_random_node()
        return _Subscription(_pool(node.host, int(node.port), self._options))

    async def close(self) -> None:
        await _closed(self._client.aclose())
        # That does nothing for a client that was cancelled while it asked who has what.
        for nodes in ("nodes_cache", "startup_nodes"):
            await _closed(self._client.nodes_manager.aclose(nodes))


async def _closed(closing: Awaitable[None]) -> None:
    """With TLS it waits for a farewell, and fails if the server is silent; it is closed anyway."""
    with suppress(RedisError):
        await closing


def _pool(host: str, port: int, options: Options) -> ConnectionPool:
    others = {name: value for name, value in options.items() if name != "ssl"}
    kind: Options = {"connection_class": PlainConnection} | _shared_tls(options, _TlsConnection)
    return ConnectionPool(host=host, port=port, **kind, **others)


class _Subscription(PubSub):
    """Fails when its connection does. The vendor's connects anew in the middle of a wait, and one
    that is given up then is left with a connection over which nothing is subscribed."""

    async def _reconnect(
        self,
        conn: Any,
        error: BaseException | None = None,
        failure_count: int | None = None,
        start_time: float | None = None,
        command_name: str | None = None,
    ) -> None:
        del conn, failure_count, start_time, command_name
        raise error or RedisConnectionError("The connection was lost.")


class _Guide(Redis):
    """A sentinel. Where none can say who is the master, the vendor's error shows these two."""

    async def sentinel_masters(self) -> Reply:
        try:
            return await super().sentinel_masters()
        except (RedisConnectionError, RedisTimeout) as error:
            raise _Unasked(str(error)) from error

    def __repr__(self) -> str:
        return "a sentinel"


class _Unasked(RedisConnectionError):
    def __repr__(self) -> str:
        return str(self)


@dataclass(slots=True)
class _Tls:
    """What all connections of a client use, once one of them has made it.

    The vendor's make one each. That reads every certificate of the system: 20 ms in which nothing
    else runs, for each of the many that open at once at the start, and after an outage.
    """

    context: RedisSSLContext | None = None

    def instead_of(self, own: RedisSSLContext) -> RedisSSLContext:
        self.context = self.context or own
        return self.context


class _TlsConnection(SSLConnection):
    def __init__(self, *, tls: _Tls, **options: Any) -> None:
        super().__init__(**options)
        self.ssl_context = tls.instead_of(self.ssl_context)


class _GuidedTlsConnection(SentinelManagedSSLConnection):
    def __init__(self, *, tls: _Tls, **options: Any) -> None:
        super().__init__(**options)
        self.ssl_context = tls.instead_of(self.ssl_context)


def _shared_tls(options: Options, kind: type[SSLConnection]) -> Options:
    """For the connections of one client; nothing where there is no TLS."""
    return {"connection_class": kind, "tls": _Tls()} if options["ssl"] else {}
