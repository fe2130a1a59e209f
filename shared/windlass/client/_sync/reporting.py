"""What a process has to tell of its runs, as it would be sent by the process itself."""

from windlass.client._sync.resource import SyncResource
from windlass.schemas.base import JsonValue


class SyncReporting(SyncResource):
    """The method for reports that were left behind."""

    def send_report(self, path: str, body: JsonValue) -> None:
        """Send lines of one of the `ROUTES` of `windlass.reporting`."""
        self._request("POST", path, body=body)
