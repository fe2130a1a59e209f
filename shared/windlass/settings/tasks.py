"""What a task does that says nothing else."""

from windlass.settings.groups import SettingsGroup, group, setting


class TasksRunnerSettings(SettingsGroup):
    """Where submitted tasks run."""

    thread_pool_max_workers: int | None = setting(
        None,
        "Threads of a thread-pool task runner; not set: no limit.",
        aliases=("TASK_RUNNER_THREAD_POOL_MAX_WORKERS",),
        at_least=1,
    )


class TasksSettings(SettingsGroup):
    """What a task does that says nothing else."""

    default_retries: int = setting(
        0,
        "How often a failed task run is tried again.",
        aliases=("TASK_DEFAULT_RETRIES",),
        at_least=0,
    )
    default_retry_delay_seconds: float | tuple[float, ...] = setting(
        0.0,
        "Seconds before a retry; a list gives one for each retry.",
        aliases=("TASK_DEFAULT_RETRY_DELAY_SECONDS",),
    )
    runner: TasksRunnerSettings = group(TasksRunnerSettings)
