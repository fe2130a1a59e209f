"""Settings: which text means which value, and what is refused."""

from datetime import timedelta

import pytest

from windlass.exceptions import SettingInvalid
from windlass.settings import Secret, Settings, resolve


def settled(**variables: str) -> Settings:
    return resolve({f"WINDLASS_{name}": text for name, text in variables.items()}, None)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90", timedelta(seconds=90)),
        ("1.5", timedelta(seconds=1.5)),
        ("PT1H", timedelta(hours=1)),
        ("P7D", timedelta(days=7)),
        ("P1DT2H3M4.5S", timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
        ("P2W", timedelta(weeks=2)),
        ("1:00:00", timedelta(hours=1)),
        ("0:05", timedelta(minutes=5)),
        ("100 days, 0:00:00", timedelta(days=100)),
        ("2d", timedelta(days=2)),
        ("1h 30m", timedelta(hours=1, minutes=30)),
        ("15 minutes", timedelta(minutes=15)),
    ],
)
def test_a_length_of_time_has_many_forms(text: str, length: timedelta) -> None:
    settings = settled(SERVER_SERVICES_SCHEDULER_MIN_SCHEDULED_TIME=text)
    assert settings.server.services.scheduler.min_scheduled_time == length


@pytest.mark.parametrize("text", ["true", "True", "1", "yes", "on", "T"])
def test_yes_has_many_words(text: str) -> None:
    assert settled(LOGGING_LOG_PRINTS=text).logging.log_prints is True


@pytest.mark.parametrize("text", ["false", "False", "0", "no", "off", "F"])
def test_no_has_many_words(text: str) -> None:
    assert settled(CLI_COLORS=text).cli.colors is False


@pytest.mark.parametrize(
    "text", ["httpx,sqlalchemy", "httpx, sqlalchemy", '["httpx", "sqlalchemy"]']
)
def test_a_list_is_json_or_has_commas(text: str) -> None:
    assert settled(LOGGING_EXTRA_LOGGERS=text).logging.extra_loggers == ("httpx", "sqlalchemy")


@pytest.mark.parametrize(
    ("text", "delays"),
    [("3", 3.0), ("0.5", 0.5), ("1,2.5", (1.0, 2.5)), ("[1, 2]", (1.0, 2.0))],
)
def test_a_delay_is_one_number_or_several(text: str, delays: object) -> None:
    assert (
        settled(FLOWS_DEFAULT_RETRY_DELAY_SECONDS=text).flows.default_retry_delay_seconds == delays
    )


def test_a_choice_may_be_written_small() -> None:
    assert settled(LOGGING_LEVEL="debug").logging.level == "DEBUG"


@pytest.mark.parametrize(
    ("name", "text", "takes"),
    [
        ("SERVER_API_PORT", "many", "it takes a whole number"),
        ("SERVER_API_PORT", "65536", "it takes a number of at most 65535"),
        ("SERVER_API_DEFAULT_LIMIT", "0", "it takes a number of at least 1"),
        ("API_REQUEST_TIMEOUT", "nan", "it takes a number"),
        ("API_REQUEST_TIMEOUT", "inf", "it takes a number"),
        ("CLI_COLORS", "perhaps", "it takes true or false"),
        ("LOGGING_LEVEL", "LOUD", "it takes one of DEBUG, INFO"),
        ("SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS", "soon", "it takes a length of time"),
        ("SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS", "-5", "it takes a number of at least 0"),
        ("SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS", "P", "it takes a length of time"),
        ("FLOWS_DEFAULT_RETRY_DELAY_SECONDS", "a,b", "it takes a number or a list of numbers"),
        ("LOGGING_EXTRA_LOGGERS", "[1", "it takes a list"),
    ],
)
def test_a_wrong_value_says_what_where_and_what_would_be_right(
    name: str, text: str, takes: str
) -> None:
    with pytest.raises(SettingInvalid) as caught:
        settled(**{name: text})
    message = str(caught.value)
    assert message.startswith(f"WINDLASS_{name} is {text!r} (from env), but {takes}")


def test_a_wrong_secret_is_not_repeated() -> None:
    with pytest.raises(
        SettingInvalid, match=r"BROKER_URL is \*+ \(from env\), but it takes"
    ) as caught:
        settled(SERVER_BROKER_URL="kafka://:secret@a")
    assert "secret" not in str(caught.value)
    assert str(Secret("secret")) == "********"
    assert "secret" not in repr(settled(API_KEY="secret", SERVER_BROKER_URL="redis://:secret@a"))


def test_settings_cannot_be_changed() -> None:
    settings = settled()
    with pytest.raises(AttributeError, match="cannot be changed"):
        setattr(settings.api, "url", "http://a")  # noqa: B010 (which a type checker refuses)


def test_a_secret_gives_its_text_when_asked() -> None:
    key = settled(API_KEY="pnu_123").api.key
    assert key is not None
    assert key.get_secret_value() == "pnu_123"


def test_a_database_url_may_be_given_in_parts() -> None:
    settings = settled(
        SERVER_DATABASE_DRIVER="postgresql+asyncpg",
        SERVER_DATABASE_HOST="db",
        SERVER_DATABASE_USER="wind lass",
        SERVER_DATABASE_PASSWORD="p@ss/word",
        SERVER_DATABASE_NAME="runs",
    )
    assert settings.server.database.connection_url == (
        "postgresql+asyncpg://wind%20lass:p%40ss%2Fword@db:5432/runs"
    )


def test_a_sqlite_file_may_be_given_in_parts() -> None:
    settings = settled(SERVER_DATABASE_DRIVER="sqlite+aiosqlite", SERVER_DATABASE_NAME="/a/b.db")
    assert settings.server.database.connection_url == "sqlite+aiosqlite:////a/b.db"


def test_a_missing_part_of_a_database_url_is_named() -> None:
    with pytest.raises(SettingInvalid, match=r"WINDLASS_SERVER_DATABASE_USER, .*_NAME is not set"):
        settled(SERVER_DATABASE_DRIVER="postgresql+asyncpg", SERVER_DATABASE_HOST="db")


REDIS = {"MESSAGING_BROKER": "prefect_redis.messaging"}


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({}, "memory://"),
        ({"SERVER_BROKER_URL": "redis://a"}, "redis://a"),
        ({"SERVER_DOCKET_URL": "redis://b:6379/1"}, "redis://b:6379/1"),
        ({"SERVER_DOCKET_URL": "memory://"}, "memory://"),
        ({"MESSAGING_BROKER": "prefect.server.utilities.messaging.memory"}, "memory://"),
        (REDIS, "redis://localhost:6379/0"),
        ({"SERVER_EVENTS_CAUSAL_ORDERING": "windlass_redis.ordering"}, "redis://localhost:6379/0"),
        (
            REDIS
            | {"REDIS_MESSAGING_HOST": "c", "REDIS_MESSAGING_PORT": "1", "REDIS_MESSAGING_DB": "2"},
            "redis://c:1/2",
        ),
        (
            REDIS
            | {
                "REDIS_MESSAGING_USERNAME": "marvin",
                "REDIS_MESSAGING_PASSWORD": "dont/panic",
                "REDIS_MESSAGING_SSL": "true",
            },
            "rediss://marvin:dont%2Fpanic@localhost:6379/0",
        ),
        (REDIS | {"REDIS_MESSAGING_PASSWORD": "p"}, "redis://:p@localhost:6379/0"),
        (REDIS | {"SERVER_DOCKET_URL": "redis://d"}, "redis://d"),
    ],
)
def test_settings_of_messaging_amount_to_a_broker_url(variables: dict[str, str], url: str) -> None:
    assert settled(**variables).server.broker_url == url


def test_a_module_of_another_broker_is_refused() -> None:
    with pytest.raises(SettingInvalid, match=r"'acme\.kafka'.*Set WINDLASS_SERVER_BROKER_URL"):
        settled(MESSAGING_BROKER="acme.kafka")
