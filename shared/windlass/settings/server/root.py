"""The control plane."""

from windlass.settings.groups import SettingsGroup, group, setting
from windlass.settings.logging import LogLevel
from windlass.settings.server.api import ServerAPISettings
from windlass.settings.server.database import ServerDatabaseSettings
from windlass.settings.server.events import ServerEventsSettings
from windlass.settings.server.history import ServerLogsSettings, ServerStatesSettings
from windlass.settings.server.services import ServerServicesSettings


class ServerConcurrencySettings(SettingsGroup):
    """Concurrency limits."""

    maximum_concurrency_slot_wait_seconds: float = setting(
        30.0,
        "Most seconds after which whoever found a limit full is told to ask again.",
        at_least=0,
    )


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


class ServerTasksSettings(SettingsGroup):
    """How the server treats task runs."""

    tag_concurrency_slot_wait_seconds: float = setting(
        30.0,
        "Seconds after which a task run that found the limit of a tag full asks again.",
        aliases=("TASK_RUN_TAG_CONCURRENCY_SLOT_WAIT_SECONDS",),
        at_least=0,
    )


class ServerFlowRunGraphSettings(SettingsGroup):
    """How large the graph of a flow run may be."""

    max_nodes: int = setting(
        10_000,
        "Most task runs and flow runs in the graph of a flow run.",
        aliases=("API_MAX_FLOW_RUN_GRAPH_NODES",),
        at_least=0,
    )
    max_artifacts: int = setting(
        10_000,
        "Most artifacts in the graph of a flow run.",
        aliases=("API_MAX_FLOW_RUN_GRAPH_ARTIFACTS",),
        at_least=0,
    )


class ServerSettings(SettingsGroup):
    """The control plane."""

    broker_url: str = setting(
        "memory://",
        "memory://, redis://host:6379/0, redis+sentinel://host:26379,.../service/0, "
        "redis+cluster://host:6379,... or amqp://user:password@host:5672/ (RabbitMQ). With TLS "
        "they are rediss://, rediss+sentinel://, rediss+cluster:// and amqps://.",
        starts=(
            "memory://",
            "redis://",
            "rediss://",
            "redis+sentinel://",
            "rediss+sentinel://",
            "redis+cluster://",
            "rediss+cluster://",
            "amqp://",
            "amqps://",
        ),
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
    polled_start_deadline_seconds: float = setting(
        300.0,
        "The same from PENDING, where a worker that polls or a runner proposed it.",
        at_least=1,
        documented=False,
    )
    cancel_deadline_seconds: float = setting(
        300.0,
        "Seconds that a run may be CANCELLING. Then it is cancelled, and a worker of its pool is"
        " told to end what may still run. As long may a run that was suspended take to stop.",
        at_least=0,
        documented=False,
    )
    heartbeat_lease_seconds: float = setting(
        540.0,
        "How long a run whose stock runner sent a heartbeat may be silent before it has crashed;"
        " longer than three of PREFECT_RUNNER_HEARTBEAT_FREQUENCY.",
        at_least=1,
        documented=False,
    )
    fence_polling_workers: bool = setting(
        True,
        "Tell polling workers a header (in PREFECT_CLIENT_CUSTOM_HEADERS of the job's environment)"
        " that fences the run; false where workers set that variable in their own environment.",
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
    register_blocks_on_start: bool = setting(
        True,
        "Make the server's own block types when one of them is missing.",
        aliases=("API_BLOCKS_REGISTER_ON_START",),
    )
    api: ServerAPISettings = group(ServerAPISettings)
    concurrency: ServerConcurrencySettings = group(ServerConcurrencySettings)
    database: ServerDatabaseSettings = group(ServerDatabaseSettings)
    deployments: ServerDeploymentsSettings = group(ServerDeploymentsSettings)
    ephemeral: ServerEphemeralSettings = group(ServerEphemeralSettings)
    events: ServerEventsSettings = group(ServerEventsSettings)
    logs: ServerLogsSettings = group(ServerLogsSettings)
    states: ServerStatesSettings = group(ServerStatesSettings)
    flow_run_graph: ServerFlowRunGraphSettings = group(ServerFlowRunGraphSettings)
    services: ServerServicesSettings = group(ServerServicesSettings)
    tasks: ServerTasksSettings = group(ServerTasksSettings)
