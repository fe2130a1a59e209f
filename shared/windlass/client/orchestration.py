"""Public: `get_client`, and the clients that it gives."""

from typing import Literal, overload

from windlass.client._async.client import WindlassClient
from windlass.client._async.transport import AsyncTransport
from windlass.client._sync.client import SyncWindlassClient
from windlass.client._sync.transport import SyncTransport
from windlass.client.ephemeral import ensure_api
from windlass.client.lean_httpx import httpx
from windlass.client.patience import patience_of_client
from windlass.client.speaking import headers_of_process
from windlass.exceptions import SettingInvalid
from windlass.settings import Settings, get_current_settings

__all__ = ["SyncWindlassClient", "WindlassClient", "client_for", "get_client"]


@overload
def get_client(*, sync_client: Literal[False] = False) -> WindlassClient: ...
@overload
def get_client(*, sync_client: Literal[True]) -> SyncWindlassClient: ...
def get_client(*, sync_client: bool = False) -> WindlassClient | SyncWindlassClient:
    """A client of the API that the current settings name (`WINDLASS_API_URL`).

    Where none is named and ephemeral mode is allowed, an embedded server is started for this
    process. In the process of a run it waits for an API that is away. Raises `SettingInvalid` when
    there is neither.
    """
    settings = get_current_settings()
    url = settings.api.url or _ephemeral_url(settings)
    make = sync_client_for if sync_client else client_for
    return make(url, settings, patience=patience_of_client(settings))


def client_for(
    url: str,
    settings: Settings,
    *,
    patience: float = 0.0,
    wire: httpx.AsyncBaseTransport | None = None,
) -> WindlassClient:
    """An asynchronous client of the API at `url`, with the credentials of `settings`."""
    return WindlassClient(
        AsyncTransport(
            url,
            headers=headers_of_process(settings),
            timeout=settings.api.request_timeout,
            patience=patience,
            csrf=settings.client.csrf_support_enabled,
            wire=wire,
        )
    )


def sync_client_for(
    url: str,
    settings: Settings,
    *,
    patience: float = 0.0,
    wire: httpx.BaseTransport | None = None,
) -> SyncWindlassClient:
    """A synchronous client of the API at `url`, with the credentials of `settings`."""
    return SyncWindlassClient(
        SyncTransport(
            url,
            headers=headers_of_process(settings),
            timeout=settings.api.request_timeout,
            patience=patience,
            csrf=settings.client.csrf_support_enabled,
            wire=wire,
        )
    )


def _ephemeral_url(settings: Settings) -> str:
    if not settings.server.ephemeral.enabled:
        raise SettingInvalid(
            "No API is configured: start one with `windlass server start` and set WINDLASS_API_URL"
            " (or allow an embedded one with WINDLASS_SERVER_EPHEMERAL_ENABLED=true)."
        )
    return ensure_api()
