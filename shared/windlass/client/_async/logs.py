"""Log records of runs."""

from collections.abc import Sequence

from windlass.client._async.resource import AsyncResource
from windlass.schemas.filters.logs import LogQuery
from windlass.schemas.logs import Log, LogCreate


class AsyncLogs(AsyncResource):
    """The methods for logs."""

    async def create_logs(self, records: Sequence[LogCreate]) -> None:
        """Store records."""
        await self._request("POST", "/logs/", body=list(records))

    async def read_logs(self, query: LogQuery | None = None) -> list[Log]:
        """Records that match, oldest first unless another order is asked for."""
        return await self._read_list(Log, "POST", "/logs/filter", body=query or LogQuery())
