"""What a flow does that says nothing else."""

from windlass.settings.groups import SettingsGroup, setting


class FlowsSettings(SettingsGroup):
    """What a flow does that says nothing else."""

    default_retries: int = setting(
        0,
        "How often a failed flow run is tried again.",
        aliases=("FLOW_DEFAULT_RETRIES",),
        at_least=0,
    )
    default_retry_delay_seconds: float | tuple[float, ...] = setting(
        0.0,
        "Seconds before a retry; a list gives one for each retry.",
        aliases=("FLOW_DEFAULT_RETRY_DELAY_SECONDS",),
    )
