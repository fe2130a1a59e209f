"""What a process has to tell of its runs, as it would be sent by the process itself."""

from windlass.client._async.resource import AsyncResource
from windlass.schemas.base import JsonValue


class AsyncReporting(AsyncResource):
    """The method for reports that were left behind."""

    async def send_report(self, path: str, body: JsonValue) -> None:
        """Send lines of one of the `ROUTES` of `windlass.reporting`."""
        await self._request("POST", path, body=body)
