"""What a process that runs flows does with the API."""

from windlass.settings.groups import SettingsGroup, setting


class ClientSettings(SettingsGroup):
    """What a process that runs flows does with the API."""

    csrf_support_enabled: bool = setting(
        True, "Get a CSRF token from a server that asks for one, and send it."
    )
    shutdown_wait_seconds: float = setting(
        10.0,
        "Seconds a process waits at its end for the server to take its last reports.",
        at_least=0,
        documented=False,
    )
