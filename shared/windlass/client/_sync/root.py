"""Is the server there, and which version is it."""

from windlass.client._sync.resource import SyncResource
from windlass.exceptions import WindlassError


class SyncRoot(SyncResource):
    """Health and version."""

    def api_healthcheck(self) -> Exception | None:
        """None when the API answers, else the error that it met."""
        try:
            self._request("GET", "/health")
        except WindlassError as error:
            return error
        return None

    def hello(self) -> str:
        """The server's greeting."""
        return str((self._request("GET", "/hello")).json())

    def api_version(self) -> str:
        """The version of Prefect's API that the server speaks."""
        return str((self._request("GET", "/version")).json())
