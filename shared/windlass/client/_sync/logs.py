"""Log records of runs."""

from collections.abc import Sequence

from windlass.client._sync.resource import SyncResource
from windlass.schemas.filters.logs import LogQuery
from windlass.schemas.logs import Log, LogCreate


class SyncLogs(SyncResource):
    """The methods for logs."""

    def create_logs(self, records: Sequence[LogCreate]) -> None:
        """Store records."""
        self._request("POST", "/logs/", body=list(records))

    def read_logs(self, query: LogQuery | None = None) -> list[Log]:
        """Records that match, oldest first unless another order is asked for."""
        return self._read_list(Log, "POST", "/logs/filter", body=query or LogQuery())
