"""Is the server there, and which version is it."""

from windlass.client._async.resource import AsyncResource
from windlass.exceptions import WindlassError


class AsyncRoot(AsyncResource):
    """Health and version."""

    async def api_healthcheck(self) -> Exception | None:
        """None when the API answers, else the error that it met."""
        try:
            await self._request("GET", "/health")
        except WindlassError as error:
            return error
        return None

    async def hello(self) -> str:
        """The server's greeting."""
        return str((await self._request("GET", "/hello")).json())

    async def api_version(self) -> str:
        """The version of Prefect's API that the server speaks."""
        return str((await self._request("GET", "/version")).json())
