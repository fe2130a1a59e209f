"""The database of the server."""

from windlass.settings.groups import SettingsGroup, setting
from windlass.settings.secret import Secret


class ServerDatabaseSettings(SettingsGroup):
    """The database of the server."""

    connection_url: str = setting(
        "sqlite+aiosqlite:///$WINDLASS_HOME/windlass.db",
        "postgresql+asyncpg://user:password@host:5432/name or sqlite+aiosqlite:///file.",
        aliases=("API_DATABASE_CONNECTION_URL",),
        secret=True,
        starts=("postgresql://", "postgresql+asyncpg://", "sqlite://", "sqlite+aiosqlite://"),
    )
    driver: str | None = setting(
        None,
        "postgresql+asyncpg or sqlite+aiosqlite, to give the URL in parts.",
        aliases=("API_DATABASE_DRIVER",),
    )
    host: str | None = setting(None, "Part of the URL.", aliases=("API_DATABASE_HOST",))
    port: int | None = setting(
        None, "Part of the URL.", aliases=("API_DATABASE_PORT",), at_least=1, at_most=65535
    )
    user: str | None = setting(None, "Part of the URL.", aliases=("API_DATABASE_USER",))
    name: str | None = setting(
        None, "Part of the URL: the database, or the file.", aliases=("API_DATABASE_NAME",)
    )
    password: Secret | None = setting(
        None,
        "Part of the URL.",
        aliases=("API_DATABASE_PASSWORD",),
        secret=True,
    )
    migrate_on_start: bool = setting(
        True,
        "Bring the database up to date when the server starts.",
        aliases=("API_DATABASE_MIGRATE_ON_START",),
    )
    timeout: float = setting(
        10.0, "Seconds a statement may take.", aliases=("API_DATABASE_TIMEOUT",), at_least=0.001
    )
    connection_timeout: float = setting(
        5.0,
        "Seconds to wait for a connection.",
        aliases=("API_DATABASE_CONNECTION_TIMEOUT",),
        at_least=0.001,
    )
