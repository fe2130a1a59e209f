"""A worker of a work pool."""

from windlass.settings.groups import SettingsGroup, group, setting


class WorkerWebserverSettings(SettingsGroup):
    """The health endpoint of a worker."""

    host: str = setting("0.0.0.0", "Address to listen on.")
    port: int = setting(8080, "Port to listen on.", at_least=0, at_most=65535)


class WorkerSettings(SettingsGroup):
    """A worker of a work pool."""

    heartbeat_seconds: float = setting(30.0, "Seconds between two heartbeats.", at_least=0.001)
    query_seconds: float = setting(
        10.0,
        "Seconds between two polls; a claim waits for a run three times as long, but less than"
        " `worker.heartbeat_seconds`.",
        at_least=0.001,
    )
    prefetch_seconds: float = setting(
        10.0, "Seconds before its time at which a run is prepared.", at_least=0
    )
    broker_url: str | None = setting(
        None,
        "The broker of the server (WINDLASS_SERVER_BROKER_URL): the worker is woken by it, and"
        " keeps no request open at the API. Not set: it waits at the API.",
        secret=True,
        documented=False,
    )
    webserver: WorkerWebserverSettings = group(WorkerWebserverSettings)
