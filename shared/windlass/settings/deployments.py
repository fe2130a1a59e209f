"""What a deployment has that names nothing else."""

from windlass.settings.groups import SettingsGroup, setting


class DeploymentsSettings(SettingsGroup):
    """What a deployment has that names nothing else."""

    default_work_pool_name: str | None = setting(
        None,
        "Work pool of a deployment that names none.",
        aliases=("DEFAULT_WORK_POOL_NAME",),
    )
