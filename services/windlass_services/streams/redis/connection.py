"""All that goes to Redis: bounded in time, one error, one log line an outage.

Two clients: one for commands, of which each is quick, and one for blocking reads, which hold a
connection while they wait and must not keep a command from getting one.
"""

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Final

import anyio
from redis.asyncio.client import PubSub
from redis.exceptions import NoScriptError, RedisClusterException, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeout

from windlass.exceptions import SettingInvalid
from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.outage import Outage
from windlass_services.streams.redis.address import address_of
from windlass_services.streams.redis.clients import Argument, Command, Reply, open_client

LONGEST_BLOCK: Final = 2.0
"""Seconds that a blocking command may wait; longer waits are made of several."""

# XREADGROUP says one when the group is not there, the other when it goes while we wait for it.
GROUP_IS_MISSING: Final = frozenset({"NOGROUP", "UNBLOCKED"})

_REPLY_TIMEOUT: Final = 3.0
# A command may have to look for its server among several that are gone.
_LONGEST_CALL: Final = 8.0
_COMMAND_CONNECTIONS: Final = 32
_BLOCKING_CONNECTIONS: Final = 10_000


class Refused(BrokerUnavailable):
    """Redis answered with an error."""

    def __init__(self, error: ResponseError) -> None:
        super().__init__(f"The broker answered with an error: {error}")
        self.code = "NOSCRIPT" if isinstance(error, NoScriptError) else str(error).split(" ")[0]


class Connection:
    """All that goes to one Redis, of one server or of several."""

    def __init__(self, url: str) -> None:
        """Raises SettingInvalid if the URL cannot be read. Connects at the first use."""
        try:
            address = address_of(url)
            self._commands = open_client(
                address,
                connections=_COMMAND_CONNECTIONS,
                reply_timeout=_REPLY_TIMEOUT,
                retries=1,
            )
            self._blocking = open_client(
                address,
                connections=_BLOCKING_CONNECTIONS,
                reply_timeout=LONGEST_BLOCK + _REPLY_TIMEOUT,
                retries=0,
            )
        except (ValueError, TypeError) as error:
            raise SettingInvalid(
                f"WINDLASS_SERVER_BROKER_URL cannot be read: {error}. "
                "Write it as redis://[user:password@]host[:port][/database], "
                "redis+sentinel://host[:port],.../service[/database] or "
                "redis+cluster://host[:port],...; with rediss instead of redis it is TLS."
            ) from error
        self._turns = anyio.CapacityLimiter(_COMMAND_CONNECTIONS)
        self._outage = Outage(address.where)

    @property
    def is_scattered(self) -> bool:
        """Whether one command cannot touch several partitions."""
        return self._commands.scattered

    async def call(self, *command: Argument) -> Reply:
        """Run one quick command. Raises Refused for an error reply, or BrokerUnavailable."""
        self._outage.spare()
        with self.guarded(), anyio.fail_after(_LONGEST_CALL):
            async with self._turns:
                reply = await self._commands.run(command, None)
        self._outage.end()
        return reply

    async def wait(self, *command: Argument, key: str) -> Reply:
        """Run one command on `key` that blocks for at most LONGEST_BLOCK. Raises as `call` does."""
        with self.guarded():
            reply = await self._blocking.run(command, key)
        self._outage.end()
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
        self._outage.spare()
        with self.guarded(), anyio.fail_after(_LONGEST_CALL):
            async with self._turns:
                replies = await self._commands.run_all(commands)
        self._outage.end()
        return [Refused(reply) if isinstance(reply, ResponseError) else reply for reply in replies]

    async def pubsub(self) -> PubSub:
        """A subscription with a connection of its own; ask for it and use it under `guarded`."""
        return await self._blocking.pubsub()

    @contextmanager
    def guarded(self) -> Generator[None]:
        """Turn the vendor's errors into ours and log an outage once."""
        try:
            yield
        except ResponseError as error:
            refused = Refused(error)
            if refused.code not in GROUP_IS_MISSING:
                self._outage.begin(refused)
            raise refused from error
        except (RedisError, RedisClusterException, OSError) as error:
            why = str(error).rstrip(".")
            where = self._outage.where
            problem = BrokerUnavailable(f"The broker at {where} does not answer: {why}")
            is_silent = isinstance(error, RedisTimeout | TimeoutError)
            self._outage.begin(problem, is_silent=is_silent)
            raise problem from error

    async def close(self) -> None:
        await self._commands.close()
        await self._blocking.close()
