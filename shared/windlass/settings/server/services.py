"""The background services of the server."""

from datetime import timedelta

from windlass.settings.groups import SettingsGroup, group, setting


class CancellationCleanupSettings(SettingsGroup):
    """Cancels the children of flow runs that are cancelled."""

    enabled: bool = setting(
        True, "Run this service.", aliases=("API_SERVICES_CANCELLATION_CLEANUP_ENABLED",)
    )


class ForemanSettings(SettingsGroup):
    """Finds workers, queues and deployments that nobody polls any more."""

    enabled: bool = setting(True, "Run this service.", aliases=("API_SERVICES_FOREMAN_ENABLED",))
    loop_seconds: float = setting(
        15.0,
        "Seconds between two passes.",
        aliases=("API_SERVICES_FOREMAN_LOOP_SECONDS",),
        at_least=0.001,
    )
    inactivity_heartbeat_multiple: int = setting(
        3,
        "Heartbeats that a worker may miss before it counts as offline.",
        aliases=("API_SERVICES_FOREMAN_INACTIVITY_HEARTBEAT_MULTIPLE",),
        at_least=1,
    )
    fallback_heartbeat_interval_seconds: int = setting(
        30,
        "Seconds between the heartbeats of a worker that does not say.",
        aliases=("API_SERVICES_FOREMAN_FALLBACK_HEARTBEAT_INTERVAL_SECONDS",),
        at_least=1,
    )
    deployment_last_polled_timeout_seconds: int = setting(
        60,
        "Seconds without a poll after which a deployment that is served is not ready.",
        aliases=("API_SERVICES_FOREMAN_DEPLOYMENT_LAST_POLLED_TIMEOUT_SECONDS",),
        at_least=1,
    )
    work_queue_last_polled_timeout_seconds: int = setting(
        60,
        "Seconds without a poll after which a work queue is not ready.",
        aliases=("API_SERVICES_FOREMAN_WORK_QUEUE_LAST_POLLED_TIMEOUT_SECONDS",),
        at_least=1,
    )


class LateRunsSettings(SettingsGroup):
    """Marks runs that did not start on time."""

    enabled: bool = setting(True, "Run this service.", aliases=("API_SERVICES_LATE_RUNS_ENABLED",))
    loop_seconds: float = setting(
        5.0,
        "Seconds between two passes.",
        aliases=("API_SERVICES_LATE_RUNS_LOOP_SECONDS",),
        at_least=0.001,
    )
    after_seconds: timedelta = setting(
        timedelta(seconds=15),
        "How long after its time a run is late.",
        aliases=("API_SERVICES_LATE_RUNS_AFTER_SECONDS",),
        at_least=0,
    )


class PauseExpirationsSettings(SettingsGroup):
    """Fails runs that were paused and not resumed in time."""

    enabled: bool = setting(
        True, "Run this service.", aliases=("API_SERVICES_PAUSE_EXPIRATIONS_ENABLED",)
    )
    loop_seconds: float = setting(
        5.0,
        "Seconds between two passes.",
        aliases=("API_SERVICES_PAUSE_EXPIRATIONS_LOOP_SECONDS",),
        at_least=0.001,
    )


class RepossessorSettings(SettingsGroup):
    """Looks after the leases that hold slots of concurrency limits."""

    enabled: bool = setting(True, "Run this service.")
    loop_seconds: float = setting(15.0, "Seconds between two passes.", at_least=0.001)


class SchedulerSettings(SettingsGroup):
    """Creates the runs of schedules ahead of their time."""

    enabled: bool = setting(True, "Run this service.", aliases=("API_SERVICES_SCHEDULER_ENABLED",))
    deployment_batch_size: int = setting(
        100,
        "Schedules that one pass looks after; the next follows at once while there are more.",
        aliases=("API_SERVICES_SCHEDULER_DEPLOYMENT_BATCH_SIZE",),
        at_least=1,
    )
    max_runs: int = setting(
        100,
        "Most runs of a schedule created ahead.",
        aliases=("API_SERVICES_SCHEDULER_MAX_RUNS",),
        at_least=1,
    )
    min_runs: int = setting(
        3,
        "Least runs of a schedule created ahead.",
        aliases=("API_SERVICES_SCHEDULER_MIN_RUNS",),
        at_least=1,
    )
    max_scheduled_time: timedelta = setting(
        timedelta(days=100),
        "How far ahead runs are created at most.",
        aliases=("API_SERVICES_SCHEDULER_MAX_SCHEDULED_TIME",),
        at_least=1,
    )
    min_scheduled_time: timedelta = setting(
        timedelta(hours=1),
        "How far ahead runs are created at least.",
        aliases=("API_SERVICES_SCHEDULER_MIN_SCHEDULED_TIME",),
        at_least=0,
    )
    insert_batch_size: int = setting(
        500,
        "Runs that one transaction creates.",
        aliases=("API_SERVICES_SCHEDULER_INSERT_BATCH_SIZE",),
        at_least=1,
    )
    recent_deployments_loop_seconds: float = setting(
        5.0, "Seconds between two looks for schedules that are due for one.", at_least=0.001
    )


class ServerServicesSettings(SettingsGroup):
    """The background services of the server."""

    cancellation_cleanup: CancellationCleanupSettings = group(CancellationCleanupSettings)
    foreman: ForemanSettings = group(ForemanSettings)
    late_runs: LateRunsSettings = group(LateRunsSettings)
    pause_expirations: PauseExpirationsSettings = group(PauseExpirationsSettings)
    repossessor: RepossessorSettings = group(RepossessorSettings)
    scheduler: SchedulerSettings = group(SchedulerSettings)
