"""Public: what happens to one flow run: its events and its lines of logs, in one stream."""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Final, Self
from uuid import UUID

from windlass.events.clients import WindlassEventSubscriber
from windlass.events.streams import Stream
from windlass.schemas.events import ReceivedEvent
from windlass.schemas.filters.events import EventFilter, EventResourceFilter
from windlass.schemas.filters.logs import LogFilter, LogFilterFlowRunId
from windlass.schemas.logs import Log

_ENDS: Final = frozenset(
    f"prefect.flow-run.{name}" for name in ("Completed", "Failed", "Crashed", "Cancelled")
)


class FlowRunSubscriber:
    """The events and the lines of logs of a flow run, from now until it ends, as they come.

    An asynchronous context manager, and iterator. After the event of its end, it goes on for
    `straggler_timeout` seconds without a line: logs arrive behind the states. Raises what
    `WindlassEventSubscriber` does.
    """

    def __init__(
        self, flow_run_id: UUID, straggler_timeout: int = 3, reconnection_attempts: int = 10
    ) -> None:
        about = EventResourceFilter(id=[f"prefect.flow-run.{flow_run_id}"])
        self._events = WindlassEventSubscriber(
            EventFilter(resource=about), reconnection_attempts=reconnection_attempts
        )
        self._logs = Stream("/logs/out", reconnection_attempts)
        self._asked = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[flow_run_id]))
        self._straggler_timeout = straggler_timeout

    async def __aenter__(self) -> Self:
        await self._logs.open(self._asked)
        try:
            await self._events.__aenter__()
        except BaseException:
            await self._logs.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._events.__aexit__(kind, error, traceback)
        finally:
            await self._logs.close()

    async def __aiter__(self) -> AsyncIterator[ReceivedEvent | Log]:
        event = asyncio.ensure_future(anext(self._events))
        log = asyncio.ensure_future(self._next_log())
        try:
            while True:
                await asyncio.wait((event, log), return_when=asyncio.FIRST_COMPLETED)
                if log.done():
                    yield log.result()
                    log = asyncio.ensure_future(self._next_log())
                if event.done():
                    happened = event.result()
                    yield happened
                    if happened.event in _ENDS:
                        break
                    event = asyncio.ensure_future(anext(self._events))
            while (await asyncio.wait((log,), timeout=self._straggler_timeout))[0]:
                yield log.result()
                log = asyncio.ensure_future(self._next_log())
        finally:
            event.cancel()
            log.cancel()

    async def _next_log(self) -> Log:
        return Log.model_validate((await self._logs.receive())["log"])
