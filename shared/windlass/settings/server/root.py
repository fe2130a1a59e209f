"""The control plane."""

from windlass.settings.groups import SettingsGroup, group, setting
from windlass.settings.logging import LogLevel
from windlass.settings.server.api import ServerAPISettings
from windlass.settings.server.database import ServerDatabaseSettings
from windlass.settings.server.events import ServerEventsSettings
from windlass.settings.server.services import ServerServicesSettings


class ServerDeploymentsSettings(SettingsGroup):
    """How the server treats runs of deployments."""

    concurrency_slot_wait_seconds: float = setting(
        30.0,
        "Seconds after which a run that found no slot of its deployment asks again.",
        aliases=("DEPLOYMENT_CONCURRENCY_SLOT_WAIT_SECONDS",),
        at_least=0,
    )


class ServerEphemeralSettings(SettingsGroup):
    """The server that a process starts for itself where no API is configured."""

    enabled: bool = setting(
        False,
        "Start one; the profile `ephemeral`, which is active at first, says true.",
        aliases=("SERVER_ALLOW_EPHEMERAL_MODE",),
    )
    startup_timeout_seconds: int = setting(20, "Seconds it may take to start.", at_least=1)


class ServerSettings(SettingsGroup):
    """The control plane."""

    broker_url: str = setting(
        "memory://",
        "memory://, redis://host:6379/0 or rediss://host:6379/0 (TLS).",
        starts=("memory://", "redis://", "rediss://"),
        secret=True,
        documented=False,
    )
    lease_seconds: float = setting(
        30.0,
        "Seconds after which a run that no longer renews its lease is given up.",
        at_least=1,
        documented=False,
    )
    start_deadline_seconds: float = setting(
        60.0,
        "Seconds from a claim to RUNNING, after which the run is dispatched again.",
        at_least=1,
        documented=False,
    )
    shutdown_grace_seconds: float = setting(
        10.0,
        "Seconds that a service finishes its work in, once it is told to stop.",
        at_least=0,
        documented=False,
    )
    logging_level: LogLevel = setting(
        "WARNING", "Least level of the server's logs.", aliases=("LOGGING_SERVER_LEVEL",)
    )
    deployment_schedule_max_scheduled_runs: int = setting(
        50,
        "Most that a schedule's `max_scheduled_runs` may be.",
        aliases=("DEPLOYMENT_SCHEDULE_MAX_SCHEDULED_RUNS",),
        at_least=1,
    )
    api: ServerAPISettings = group(ServerAPISettings)
    database: ServerDatabaseSettings = group(ServerDatabaseSettings)
    deployments: ServerDeploymentsSettings = group(ServerDeploymentsSettings)
    ephemeral: ServerEphemeralSettings = group(ServerEphemeralSettings)
    events: ServerEventsSettings = group(ServerEventsSettings)
    services: ServerServicesSettings = group(ServerServicesSettings)
