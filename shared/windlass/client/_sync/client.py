"""The client as users see it: the methods of every resource on one object."""

from types import TracebackType
from typing import Self

from windlass.client._sync.resource import SyncResource
from windlass.client._sync.root import SyncRoot


class SyncWindlassClient(
    SyncRoot,
    SyncResource,
):
    """Talks to the API. A context manager: leaving it closes its connections.

    Every method raises the `ApiError` that the server answered with (`ObjectNotFound`,
    `ObjectAlreadyExists`, `RequestInvalid`, ...) or `ServerUnreachable`.
    """

    @property
    def api_url(self) -> str:
        """The address of the API, without a slash at the end."""
        return self._transport.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._transport.close()
