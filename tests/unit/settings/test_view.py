"""Settings as people and other processes see them."""

import json
from datetime import timedelta

import pytest

from windlass.settings import Settings, documented_values, environment_of, resolve, view
from windlass.settings.view import iso_duration

SAID = {
    "WINDLASS_HOME": "/somewhere",
    "WINDLASS_API_KEY": "pnu_123",
    "WINDLASS_API_URL": "http://a",
    "WINDLASS_LOGGING_EXTRA_LOGGERS": "httpx,rich",
    "WINDLASS_SERVER_API_PORT": "4300",
    "WINDLASS_SERVER_BROKER_URL": "redis://user:secret@b:6379/0",
    "WINDLASS_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "90",
    "WINDLASS_TASKS_DEFAULT_RETRY_DELAY_SECONDS": "1,2",
}


@pytest.fixture
def settings() -> Settings:
    return resolve(SAID, None)


def test_what_was_given_is_shown_with_its_source_and_without_secrets(settings: Settings) -> None:
    lines = {each.name: (each.value, each.source) for each in view(settings)}
    assert lines == {
        "WINDLASS_HOME": ("/somewhere", "env"),
        "WINDLASS_API_KEY": ("********", "env"),
        "WINDLASS_API_URL": ("http://a", "env"),
        "WINDLASS_LOGGING_EXTRA_LOGGERS": ('["httpx", "rich"]', "env"),
        "WINDLASS_SERVER_API_PORT": ("4300", "env"),
        "WINDLASS_SERVER_BROKER_URL": ("redis://user:********@b:6379/0", "env"),
        "WINDLASS_SERVER_EPHEMERAL_ENABLED": ("true", "profile"),
        "WINDLASS_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": ("PT1M30S", "env"),
        "WINDLASS_TASKS_DEFAULT_RETRY_DELAY_SECONDS": ("[1.0, 2.0]", "env"),
    }


def test_secrets_and_defaults_are_shown_when_asked_for(settings: Settings) -> None:
    lines = {each.name: each for each in view(settings, show_defaults=True, show_secrets=True)}
    assert lines["WINDLASS_API_KEY"].value == "pnu_123"
    assert lines["WINDLASS_WORKER_QUERY_SECONDS"].source == "defaults"
    assert "WINDLASS_CLOUD_API_URL" not in lines


def test_another_process_is_given_the_same_settings(settings: Settings) -> None:
    environment = environment_of(settings)
    assert resolve(environment, None).given.keys() == settings.given.keys()
    again = resolve(environment, None)
    assert (again.api, again.tasks, again.server, again.logging) == (
        settings.api,
        settings.tasks,
        settings.server,
        settings.logging,
    )
    assert "WINDLASS_API_KEY" not in environment_of(settings, include_secrets=False)


def test_the_api_answers_all_documented_settings_and_no_secret(settings: Settings) -> None:
    document = documented_values(settings)
    assert document["api"]["url"] == "http://a"
    assert document["api"]["key"] == "********"
    assert document["server"]["api"]["port"] == 4300
    assert document["server"]["services"]["late_runs"]["after_seconds"] == "PT1M30S"
    assert document["server"]["services"]["scheduler"]["max_scheduled_time"] == "P100D"
    assert document["results"]["local_storage_path"] == "/somewhere/storage"
    assert document["logging"]["extra_loggers"] == ["httpx", "rich"]
    assert "secret" not in json.dumps(document)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(0), "PT0S"),
        (timedelta(days=100), "P100D"),
        (timedelta(hours=1), "PT1H"),
        (timedelta(seconds=90.5), "PT1M30.5S"),
        (timedelta(days=1, hours=2), "P1DT2H"),
    ],
)
def test_a_length_of_time_is_written_as_iso_8601(length: timedelta, text: str) -> None:
    assert iso_duration(length) == text
