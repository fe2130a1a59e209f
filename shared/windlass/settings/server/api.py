"""The HTTP side of the server."""

from datetime import timedelta

from windlass.settings.groups import SettingsGroup, setting
from windlass.settings.secret import Secret


class ServerAPISettings(SettingsGroup):
    """The HTTP side of the server."""

    host: str = setting("127.0.0.1", "Address to listen on.")
    port: int = setting(4200, "Port to listen on.", at_least=0, at_most=65535)
    auth_string: Secret | None = setting(
        None, "`user:password` that clients have to send as basic authentication.", secret=True
    )
    key: Secret | None = setting(
        None,
        "Key that clients may send as a bearer token (their WINDLASS_API_KEY).",
        secret=True,
        documented=False,
    )
    default_limit: int = setting(
        200,
        "Objects in an answer that names no limit, and the most it may name.",
        aliases=("API_DEFAULT_LIMIT",),
        at_least=1,
    )
    keepalive_timeout: int = setting(
        5, "Seconds an idle connection stays open; more than a load balancer's.", at_least=0
    )
    csrf_protection_enabled: bool = setting(
        False,
        "Refuse what changes something unless it carries a CSRF token (GET /api/csrf-token).",
        aliases=("SERVER_CSRF_PROTECTION_ENABLED",),
    )
    csrf_token_expiration: timedelta = setting(
        timedelta(hours=1),
        "How long a CSRF token is valid.",
        aliases=("SERVER_CSRF_TOKEN_EXPIRATION",),
        at_least=1,
    )
    maximum_parameters_bytes: int = setting(
        512 * 1024,
        "Most bytes of the parameters in a request, as JSON.",
        at_least=1,
        documented=False,
    )
