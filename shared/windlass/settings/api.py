"""How to reach the API."""

from windlass.settings.groups import SettingsGroup, setting
from windlass.settings.secret import Secret


class APISettings(SettingsGroup):
    """How to reach the API."""

    url: str | None = setting(None, "Address of the API, such as http://127.0.0.1:4200/api.")
    auth_string: Secret | None = setting(
        None, "`user:password` sent as basic authentication.", secret=True
    )
    key: Secret | None = setting(
        None, "Key sent as a bearer token; goes before `auth_string`.", secret=True
    )
    request_timeout: float = setting(60.0, "Seconds a request may take.", at_least=0.001)
