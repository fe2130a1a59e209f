"""The HTTP side of the server."""

from windlass.settings.groups import SettingsGroup, setting


class ServerAPISettings(SettingsGroup):
    """The HTTP side of the server."""

    host: str = setting("127.0.0.1", "Address to listen on.")
    port: int = setting(4200, "Port to listen on.", at_least=0, at_most=65535)
    default_limit: int = setting(
        200,
        "Objects in an answer that names no limit, and the most it may name.",
        aliases=("API_DEFAULT_LIMIT",),
        at_least=1,
    )
    keepalive_timeout: int = setting(
        5, "Seconds an idle connection stays open; more than a load balancer's.", at_least=0
    )
    maximum_parameters_bytes: int = setting(
        512 * 1024,
        "Most bytes of the parameters in a request, as JSON.",
        at_least=1,
        documented=False,
    )
