"""Settings: nothing that is set is silently ignored."""

from pathlib import Path

from windlass.settings import resolve


def notices(**variables: str) -> tuple[str, ...]:
    return resolve({f"WINDLASS_{name}": text for name, text in variables.items()}, None).notices


def test_an_unknown_variable_is_named_with_the_nearest_setting() -> None:
    assert notices(API_URI="http://a") == (
        "WINDLASS_API_URI (from env) is not a setting. Did you mean WINDLASS_API_URL?",
    )


def test_an_unknown_key_of_a_file_is_named_with_the_nearest_setting(tmp_path: Path) -> None:
    (tmp_path / "windlass.toml").write_text("[server.api]\nports = 1\n")
    assert resolve({}, tmp_path).notices == (
        "server.api.ports (from windlass.toml) is not a setting. Did you mean server.api.port?",
    )


def test_a_setting_without_effect_says_why() -> None:
    assert notices(CLOUD_MAX_LOG_SIZE="1") == (
        "WINDLASS_CLOUD_MAX_LOG_SIZE (from env) has no effect: there is no hosted Windlass.",
    )


def test_a_setting_without_effect_is_quiet_about_its_default() -> None:
    assert notices(SERVER_UI_ENABLED="TRUE", SERVER_DOCKET_NAME="prefect-server") == ()


def test_a_family_of_variables_without_effect_says_why() -> None:
    (notice,) = notices(LOGGING_LOGGERS_WINDLASS_FLOW_RUNS_LEVEL="ERROR")
    assert "has no effect: change the file that WINDLASS_LOGGING_CONFIG_PATH names" in notice


def test_variables_between_processes_of_windlass_are_no_settings() -> None:
    assert notices(_FLOW_RUN_ID="1") == ()


def test_parts_of_a_database_url_that_play_no_role_say_why() -> None:
    (alone,) = notices(SERVER_DATABASE_PASSWORD="secret")
    assert "has no effect: WINDLASS_SERVER_DATABASE_DRIVER is not set" in alone
    (beside,) = notices(SERVER_DATABASE_HOST="a", SERVER_DATABASE_CONNECTION_URL="postgresql://b/c")
    assert "has no effect: WINDLASS_SERVER_DATABASE_CONNECTION_URL is set" in beside
    (sqlite,) = notices(
        SERVER_DATABASE_DRIVER="sqlite+aiosqlite",
        SERVER_DATABASE_NAME="a",
        SERVER_DATABASE_PORT="1",
    )
    assert "has no effect: SQLite is a file" in sqlite


def test_settings_of_a_broker_that_play_no_role_say_why() -> None:
    (alone,) = notices(REDIS_MESSAGING_HOST="redis")
    assert "WINDLASS_MESSAGING_BROKER" in alone
    (beside,) = notices(SERVER_DOCKET_URL="redis://a", SERVER_BROKER_URL="redis://b")
    assert "WINDLASS_SERVER_DOCKET_URL (from env) has no effect" in beside
