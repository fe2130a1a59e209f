"""What a process that runs flows does with the API."""

from windlass.settings.groups import SettingsGroup, setting


class ClientSettings(SettingsGroup):
    """What a process that runs flows does with the API."""

    shutdown_wait_seconds: float = setting(
        10.0,
        "Seconds a process waits at its end for the server to take its last reports.",
        at_least=0,
        documented=False,
    )
