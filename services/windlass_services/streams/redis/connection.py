# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
"""Every connection to Redis: made in one place, bounded in time, one error, one log line an outage.

Two pools: commands, of which each is quick, and blocking reads, which hold a connection while they
wait and must not keep a command from getting one.
"""

import logging
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import anyio
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeout

from windlass.exceptions import SettingInvalid
from windlass_services.streams.errors import BrokerUnavailable

Argument: TypeAlias = str | bytes | int
Command: TypeAlias = tuple[Argument, ...]
Reply: TypeAlias = Any
"""Whatever Redis answers; the vendor's types do not say, the module that asks does."""

LONGEST_BLOCK: Final = 2.0
"""Seconds that a blocking command may wait; longer waits are made of several."""

# XREADGROUP says one when the group is not there, the other when it goes while we wait for it.
GROUP_IS_MISSING: Final = frozenset({"NOGROUP", "UNBLOCKED"})

_CONNECT_TIMEOUT: Final = 2.0
_REPLY_TIMEOUT: Final = 3.0
_COMMAND_CONNECTIONS: Final = 32
_BLOCKING_CONNECTIONS: Final = 10_000
# While Redis is a black hole, the calls of one moment pay for finding out and those that follow
# fail at once: a request that publishes after its commit must not be held up each time.
_SPARED_AFTER_TIMEOUT: Final = 2.0

_log = logging.getLogger(__name__)


class Refused(BrokerUnavailable):
    """Redis answered with an error."""

    def __init__(self, error: ResponseError) -> None:
        super().__init__(f"The broker answered with an error: {error}")
        self.code = "NOSCRIPT" if isinstance(error, NoScriptError) else str(error).split(" ")[0]


class Connection:
    """All that goes to one Redis server."""

    def __init__(self, url: str) -> None:
        """Raises SettingInvalid if the URL cannot be read. Connects at the first use."""
        try:
            options: dict[str, Any] = {**parse_url(url)}
            commands = BlockingConnectionPool(
                **(options | _bounds(_REPLY_TIMEOUT, retries=1)),
                max_connections=_COMMAND_CONNECTIONS,
                timeout=_REPLY_TIMEOUT,
            )
            blocking = ConnectionPool(
                **(options | _bounds(LONGEST_BLOCK + _REPLY_TIMEOUT, retries=0)),
                max_connections=_BLOCKING_CONNECTIONS,
            )
            # Makes an object and opens nothing, but says no to a query parameter nobody knows.
            commands.make_connection()
        except (ValueError, TypeError) as error:
            raise SettingInvalid(
                f"WINDLASS_SERVER_BROKER_URL cannot be read: {error}. "
                "Write it as redis://[user:password@]host[:port][/database] or rediss://..."
            ) from error
        self._commands = Redis.from_pool(commands)
        self._blocking = Redis.from_pool(blocking)
        self._where = f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
        self._lost = False
        self._spared_until = 0.0

    async def call(self, *command: Argument) -> Reply:
        """Run one quick command. Raises Refused for an error reply, or BrokerUnavailable."""
        self._spare()
        with self.guarded():
            reply = await self._commands.execute_command(*command)
        self._note_answer()
        return reply

    async def wait(self, *command: Argument) -> Reply:
        """Run one command that blocks for at most LONGEST_BLOCK. Raises as `call` does."""
        with self.guarded():
            reply = await self._blocking.execute_command(*command)
        self._note_answer()
        return reply

    async def all(self, commands: Iterable[Command]) -> list[Reply]:
        """Run quick commands in one round trip. Raises as `call` does, for the first refused."""
        replies = await self.batch(list(commands))
        for reply in replies:
            if isinstance(reply, Refused):
                raise reply
        return replies

    async def batch(self, commands: Sequence[Command]) -> list[Reply]:
        """Run quick commands in one round trip. For one that is refused its reply is Refused."""
        self._spare()
        with self.guarded():
            pipeline = self._commands.pipeline(transaction=False)
            for command in commands:
                pipeline.execute_command(*command)
            replies: list[Reply] = await pipeline.execute(raise_on_error=False)
        self._note_answer()
        return [Refused(reply) if isinstance(reply, ResponseError) else reply for reply in replies]

    def pubsub(self) -> PubSub:
        """A subscription with a connection of its own; use it under `guarded`."""
        return self._blocking.pubsub()

    @contextmanager
    def guarded(self) -> Generator[None]:
        """Turn the vendor's errors into ours and log an outage once."""
        try:
            yield
        except ResponseError as error:
            refused = Refused(error)
            if refused.code not in GROUP_IS_MISSING:
                self._note_outage(refused)
            raise refused from error
        except (RedisError, OSError) as error:
            if isinstance(error, RedisTimeout | TimeoutError):
                self._spared_until = anyio.current_time() + _SPARED_AFTER_TIMEOUT
            why = str(error).rstrip(".")
            problem = BrokerUnavailable(f"The broker at {self._where} does not answer: {why}")
            self._note_outage(problem)
            raise problem from error

    async def close(self) -> None:
        await self._commands.aclose()
        await self._blocking.aclose()

    def _spare(self) -> None:
        if anyio.current_time() < self._spared_until:
            raise BrokerUnavailable(f"The broker at {self._where} did not answer a moment ago")

    def _note_answer(self) -> None:
        if self._lost:
            _log.info("The broker at %s answers again", self._where)
            self._lost = False

    def _note_outage(self, problem: BrokerUnavailable) -> None:
        if not self._lost:
            _log.warning("%s. Nothing stored is lost; messages come when it is back.", problem)
            self._lost = True


def _bounds(reply_timeout: float, *, retries: int) -> dict[str, Any]:
    return {
        "socket_connect_timeout": _CONNECT_TIMEOUT,
        "socket_timeout": reply_timeout,
        # A pooled connection may have died unseen, so a command gets another one at once; it may
        # run twice, which consumers bear. A read that fails must say so: it may have lost some.
        "retry": Retry(NoBackoff(), retries, supported_errors=(RedisConnectionError,)),
        "protocol": 2,
        "decode_responses": False,
        "client_name": "windlass",
    }
