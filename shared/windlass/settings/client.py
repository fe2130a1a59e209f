"""What a process that runs flows does with the API."""

from windlass.settings.groups import SettingsGroup, setting


class ClientSettings(SettingsGroup):
    """What a process that runs flows does with the API."""

    csrf_support_enabled: bool = setting(
        True, "Get a CSRF token from a server that asks for one, and send it."
    )
    api_wait_seconds: float = setting(
        900.0,
        "Seconds a run waits for an API that is away, whenever it has to ask it something.",
        at_least=0,
        documented=False,
    )
    shutdown_wait_seconds: float = setting(
        10.0,
        "Seconds a process waits at its end for the server to take its last reports.",
        at_least=0,
        documented=False,
    )
    spool_max_bytes: int = setting(
        256 * 1024**2,
        "Most bytes a process keeps on disk of what the API does not take; 0: it keeps nothing.",
        at_least=0,
        documented=False,
    )
