"""Documented settings that change nothing here, and why: one that is set is warned about."""

from typing import Final, NamedTuple


class Void(NamedTuple):
    """A setting without effect. `kind` is its type where the default does not show it."""

    default: object
    aliases: tuple[str, ...] = ()
    kind: str | None = None
    why: str | None = None


class VoidGroup(NamedTuple):
    """Settings without effect for one reason."""

    path: str
    why: str
    settings: dict[str, Void]


_LATER: Final = "not in this version yet"
_FILE: Final = "change the file that WINDLASS_LOGGING_CONFIG_PATH names"
_ALWAYS: Final = "this stream is always on"
_TESTS: Final = "tests of Windlass need no switch"
_ROWS: Final = "events are rows before they are messages, so nothing is left to persist"

VOID: Final[tuple[VoidGroup, ...]] = (
    VoidGroup(
        "",
        _LATER,
        {
            "debug_mode": Void(False, why="set WINDLASS_LOGGING_LEVEL to DEBUG"),
            "silence_api_url_misconfiguration": Void(False, why="there is no such warning"),
            "ui_url": Void(None),
        },
    ),
    VoidGroup(
        "api",
        _LATER,
        {
            "enable_http2": Void(False),
            "ssl_cert_file": Void(None, why="set SSL_CERT_FILE"),
            "tls_insecure_skip_verify": Void(False, why="certificates are always verified"),
        },
    ),
    VoidGroup("cli", "only tables are folded, to the terminal", {"wrap_lines": Void(True)}),
    VoidGroup(
        "client",
        _LATER,
        {
            "custom_headers": Void({}, kind="object"),
            "max_retries": Void(5),
            "retry_extra_codes": Void(None, kind="list of int"),
            "retry_jitter_factor": Void(0.2),
        },
    ),
    VoidGroup(
        "client.metrics",
        _LATER,
        {"enabled": Void(False, ("CLIENT_ENABLE_METRICS",)), "port": Void(4201)},
    ),
    VoidGroup(
        "cloud",
        "there is no hosted Windlass",
        {
            "api_url": Void(None),
            "enable_orchestration_telemetry": Void(True),
            "max_log_size": Void(25_000),
            "ui_url": Void(None),
        },
    ),
    VoidGroup(
        "deployments",
        _LATER,
        {"default_docker_build_namespace": Void(None, ("DEFAULT_DOCKER_BUILD_NAMESPACE",))},
    ),
    VoidGroup(
        "experiments",
        "there are no experiments",
        {"warn": Void(True, ("EXPERIMENTAL_WARN",))},
    ),
    VoidGroup(
        "experiments.plugins",
        _LATER,
        {
            "allow": Void(None, kind="list of str"),
            "deny": Void(None, kind="list of str"),
            "enabled": Void(False),
            "safe_mode": Void(False),
            "setup_timeout_seconds": Void(20.0),
            "strict": Void(False),
        },
    ),
    VoidGroup(
        "internal",
        "set WINDLASS_LOGGING_LEVEL",
        {"logging_level": Void("ERROR", ("LOGGING_INTERNAL_LEVEL",))},
    ),
    VoidGroup(
        "logging",
        _LATER,
        {
            "markup": Void(False),
        },
    ),
    VoidGroup(
        "results",
        _LATER,
        {
            "default_serializer": Void("pickle"),
            "default_storage_block": Void(None, ("DEFAULT_RESULT_STORAGE_BLOCK",)),
            "persist_by_default": Void(False),
        },
    ),
    VoidGroup(
        "runner",
        "a run renews its lease as often as the server asks it to",
        {"heartbeat_frequency": Void(None, kind="float")},
    ),
    VoidGroup("runner.server", "the endpoint logs nothing", {"log_level": Void("ERROR")}),
    VoidGroup(
        "server",
        _LATER,
        {
            "analytics_enabled": Void(True, why="nothing is sent anywhere"),
            "log_retryable_errors": Void(False, ("API_LOG_RETRYABLE_ERRORS",)),
            "memo_store_path": Void("$WINDLASS_HOME/memo_store.toml", ("MEMO_STORE_PATH",), "path"),
            "memoize_block_auto_registration": Void(True, ("MEMOIZE_BLOCK_AUTO_REGISTRATION",)),
            "metrics_enabled": Void(False, ("API_ENABLE_METRICS",), why="/metrics is always on"),
        },
    ),
    VoidGroup(
        "server.api",
        _LATER,
        {
            "base_path": Void(None),
            "cors_allowed_headers": Void("*", ("SERVER_CORS_ALLOWED_HEADERS",)),
            "cors_allowed_methods": Void("*", ("SERVER_CORS_ALLOWED_METHODS",)),
            "cors_allowed_origins": Void("*", ("SERVER_CORS_ALLOWED_ORIGINS",)),
        },
    ),
    VoidGroup(
        "server.concurrency",
        _LATER,
        {
            "initial_deployment_lease_duration": Void(300.0),
        },
    ),
    VoidGroup(
        "server.database",
        _LATER,
        {"echo": Void(False, ("API_DATABASE_ECHO",))},
    ),
    VoidGroup(
        "server.database.sqlalchemy",
        _LATER,
        {
            "max_overflow": Void(10, ("SQLALCHEMY_MAX_OVERFLOW",)),
            "pool_recycle": Void(3600),
            "pool_size": Void(5, ("SQLALCHEMY_POOL_SIZE",)),
            "pool_timeout": Void(30.0),
        },
    ),
    VoidGroup(
        "server.database.sqlalchemy.connect_args",
        _LATER,
        {
            "application_name": Void(None),
            "search_path": Void(None),
        },
    ),
    VoidGroup("server.docket", "streams name themselves", {"name": Void("prefect-server")}),
    VoidGroup(
        "server.events",
        _LATER,
        {
            "expired_bucket_buffer": Void("PT1M", ("EVENTS_EXPIRED_BUCKET_BUFFER",), "duration"),
            "maximum_websocket_backfill": Void(
                "PT15M", ("EVENTS_MAXIMUM_WEBSOCKET_BACKFILL",), "duration"
            ),
            "proactive_granularity": Void("PT5S", ("EVENTS_PROACTIVE_GRANULARITY",), "duration"),
            "related_resource_cache_ttl": Void(
                "PT5M", ("API_EVENTS_RELATED_RESOURCE_CACHE_TTL",), "duration"
            ),
            "stream_out_enabled": Void(True, ("API_EVENTS_STREAM_OUT_ENABLED",), why=_ALWAYS),
            "websocket_backfill_page_size": Void(250, ("EVENTS_WEBSOCKET_BACKFILL_PAGE_SIZE",)),
        },
    ),
    VoidGroup(
        "server.logs",
        _ALWAYS,
        {"stream_out_enabled": Void(False), "stream_publishing_enabled": Void(False)},
    ),
    VoidGroup(
        "server.services.cancellation_cleanup",
        "it looks every two seconds",
        {"loop_seconds": Void(20.0, ("API_SERVICES_CANCELLATION_CLEANUP_LOOP_SECONDS",))},
    ),
    VoidGroup(
        "server.services.event_logger",
        "read events from /events/out",
        {"enabled": Void(False, ("API_SERVICES_EVENT_LOGGER_ENABLED",))},
    ),
    VoidGroup(
        "server.services.event_persister",
        _ROWS,
        {
            "batch_size": Void(20, ("API_SERVICES_EVENT_PERSISTER_BATCH_SIZE",)),
            "batch_size_delete": Void(10_000),
            "enabled": Void(True, ("API_SERVICES_EVENT_PERSISTER_ENABLED",)),
            "flush_interval": Void(5.0, ("API_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL",)),
            "max_flush_retries": Void(5),
            "queue_max_size": Void(50_000),
            "read_batch_size": Void(1, ("API_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE",)),
        },
    ),
    VoidGroup(
        "server.services.scheduler",
        "schedules say when they are due for a look; set recent_deployments_loop_seconds",
        {"loop_seconds": Void(60.0, ("API_SERVICES_SCHEDULER_LOOP_SECONDS",))},
    ),
    VoidGroup(
        "server.services.task_run_recorder",
        _LATER,
        {
            "batch_size": Void(1),
            "enabled": Void(True, ("API_SERVICES_TASK_RUN_RECORDER_ENABLED",)),
            "flush_interval": Void(5.0),
            "read_batch_size": Void(1),
        },
    ),
    VoidGroup(
        "server.services.triggers",
        _LATER,
        {
            "enabled": Void(True, ("API_SERVICES_TRIGGERS_ENABLED",)),
            "pg_notify_heartbeat_interval_seconds": Void(5),
            "pg_notify_reconnect_interval_seconds": Void(10),
            "read_batch_size": Void(1),
        },
    ),
    VoidGroup(
        "server.tasks",
        _LATER,
        {
            "max_cache_key_length": Void(2000, ("API_TASK_CACHE_KEY_MAX_LENGTH",)),
        },
    ),
    VoidGroup(
        "server.tasks.scheduling",
        _LATER,
        {
            "max_retry_queue_size": Void(100, ("TASK_SCHEDULING_MAX_RETRY_QUEUE_SIZE",)),
            "max_scheduled_queue_size": Void(1000, ("TASK_SCHEDULING_MAX_SCHEDULED_QUEUE_SIZE",)),
            "pending_task_timeout": Void(
                "PT0S", ("TASK_SCHEDULING_PENDING_TASK_TIMEOUT",), "duration"
            ),
        },
    ),
    VoidGroup(
        "server.ui",
        "there is no web page yet",
        {
            "api_url": Void(None, ("UI_API_URL",)),
            "enabled": Void(True, ("UI_ENABLED",)),
            "serve_base": Void("/", ("UI_SERVE_BASE",)),
            "show_promotional_content": Void(True, why="there is none"),
            "static_directory": Void(None, ("UI_STATIC_DIRECTORY",)),
        },
    ),
    VoidGroup(
        "tasks",
        _LATER,
        {
            "default_no_cache": Void(False),
            "default_persist_result": Void(None, kind="bool"),
            "disable_caching": Void(False),
            "refresh_cache": Void(False),
        },
    ),
    VoidGroup("tasks.runner", _LATER, {"process_pool_max_workers": Void(None, kind="int")}),
    VoidGroup(
        "tasks.scheduling",
        _LATER,
        {
            "default_storage_block": Void(None, ("TASK_SCHEDULING_DEFAULT_STORAGE_BLOCK",)),
            "delete_failed_submissions": Void(True, ("TASK_SCHEDULING_DELETE_FAILED_SUBMISSIONS",)),
        },
    ),
    VoidGroup(
        "testing",
        _TESTS,
        {
            "test_mode": Void(False, ("TEST_MODE",)),
            "test_setting": Void("FOO", ("TEST_SETTING",)),
            "unit_test_loop_debug": Void(True, ("UNIT_TEST_LOOP_DEBUG",)),
            "unit_test_mode": Void(False, ("UNIT_TEST_MODE",)),
        },
    ),
)

VOID_PREFIXES: Final[dict[str, str]] = {
    "AWS_SETUP_": _LATER,
    "INTEGRATIONS_": _LATER,
    "LOGGING_FILTERS_": _FILE,
    "LOGGING_FORMATTERS_": _FILE,
    "LOGGING_HANDLERS_": _FILE,
    "LOGGING_LOGGERS_": _FILE,
    "LOGGING_ROOT_": _FILE,
}
"""How the names of documented families of environment variables start, without the prefix."""
