"""A process that serves its own deployments."""

from windlass.settings.groups import SettingsGroup, group, setting


class RunnerServerSettings(SettingsGroup):
    """The health endpoint of a runner."""

    enable: bool = setting(False, "Serve the health endpoint.")
    host: str = setting("localhost", "Address to listen on.")
    port: int = setting(8080, "Port to listen on.", at_least=0, at_most=65535)
    missed_polls_tolerance: int = setting(
        2, "Polls that may be missed before the runner is unhealthy.", at_least=0
    )


class RunnerSettings(SettingsGroup):
    """A process that serves its own deployments."""

    process_limit: int = setting(5, "Flow runs at once.", at_least=1)
    poll_frequency: float = setting(10.0, "Seconds between two polls for runs.", at_least=0.001)
    server: RunnerServerSettings = group(RunnerServerSettings)
