"""`windlass config`: settings in the active profile."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import done, windlass


@pytest.fixture
def profiles(windlass_home: Path) -> Path:
    """The file of the profiles."""
    return windlass_home / "profiles.toml"


def read(profiles: Path, name: str = "ephemeral") -> dict[str, Any]:
    """The settings of a profile in the file."""
    return tomllib.loads(profiles.read_text())["profiles"][name]


def test_a_setting_is_set_by_either_of_its_names(profiles: Path) -> None:
    said = done("config", "set", "api.url=http://x/api", "WINDLASS_LOGGING_LEVEL=DEBUG")
    assert "Set WINDLASS_API_URL to 'http://x/api' in profile 'ephemeral'." in said.out
    settings = read(profiles)
    assert settings["WINDLASS_API_URL"] == "http://x/api"
    assert settings["WINDLASS_LOGGING_LEVEL"] == "DEBUG"


def test_the_profile_that_is_named_is_changed(profiles: Path) -> None:
    done("profile", "create", "dev")
    done("--profile", "dev", "config", "set", "api.url=http://dev/api")
    assert read(profiles, "dev") == {"WINDLASS_API_URL": "http://dev/api"}


@pytest.mark.parametrize(
    ("assignment", "reason"),
    [
        ("api.urll=x", "There is no setting api.urll. Did you mean api.url?"),
        ("api.request_timeout=soon", "takes a number"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(assignment: str, reason: str, profiles: Path) -> None:
    said = windlass("config", "set", assignment)
    assert said.code == 1
    assert reason in said.err
    assert not profiles.exists()


@pytest.mark.parametrize("assignment", ["api.url", "WINDLASS_PROFILE=dev"])
def test_what_is_no_assignment_is_wrong_usage(assignment: str) -> None:
    assert windlass("config", "set", assignment).code == 2


def test_a_secret_is_not_shown_unless_asked_for() -> None:
    said = done("config", "set", "api.key=very-secret")
    assert "very-secret" not in said.out + done("config", "view").out
    assert "very-secret" in done("config", "view", "--show-secrets").out


def test_a_value_that_something_else_overrides_is_pointed_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WINDLASS_API_URL", "http://env/api")
    said = done("config", "set", "api.url=http://profile/api")
    assert "It does not count here: the value from env goes before it." in said.out
    assert "WINDLASS_API_URL='http://env/api' (from env)" in done("config", "view").out


def test_the_view_can_show_everything_or_no_sources() -> None:
    assert (
        "WINDLASS_SERVER_API_PORT='4200' (from defaults)"
        in done("config", "view", "--show-defaults").out
    )
    assert "(from" not in done("config", "view", "--hide-sources").out
    shown = done("config", "view", "--output", "json").json
    assert shown["profile"] == "ephemeral"
    assert {"WINDLASS_HOME"} <= {each["name"] for each in shown["settings"]}


def test_a_setting_is_taken_out(profiles: Path) -> None:
    done("config", "set", "api.url=http://x/api")
    done("config", "unset", "api.url", "--yes")
    assert "WINDLASS_API_URL" not in read(profiles)
    said = windlass("config", "unset", "api.url", "--yes")
    assert (said.code, said.err) == (1, "WINDLASS_API_URL is not set in profile 'ephemeral'.\n")


def test_taking_out_can_be_declined(profiles: Path) -> None:
    done("config", "set", "api.url=http://x/api")
    said = windlass("--prompt", "config", "unset", "api.url", typed="n\n")
    assert said.code == 1
    assert "WINDLASS_API_URL" in read(profiles)
    done("--prompt", "config", "unset", "api.url", typed="y\n")
    assert "WINDLASS_API_URL" not in read(profiles)


def test_validation_names_every_problem_and_renames_older_names(profiles: Path) -> None:
    profiles.parent.mkdir()
    profiles.write_text(
        'active = "mine"\n[profiles.mine]\n'
        'WINDLASS_API_DATABASE_TIMEOUT = "soon"\nWINDLASS_NOTHING = "1"\n'
    )
    said = windlass("config", "validate")
    assert said.code == 1
    assert "WINDLASS_NOTHING" in said.err
    assert "takes a number" in said.err
    profiles.write_text('active = "mine"\n[profiles.mine]\nWINDLASS_API_DATABASE_TIMEOUT = "3"\n')
    said = done("config", "validate")
    assert "Profile 'mine' is valid." in said.out
    assert read(profiles, "mine") == {"WINDLASS_SERVER_DATABASE_TIMEOUT": "3"}


def test_a_broken_profile_can_be_put_right(profiles: Path) -> None:
    profiles.parent.mkdir()
    profiles.write_text('active = "mine"\n[profiles.mine]\nWINDLASS_API_REQUEST_TIMEOUT = "soon"\n')
    assert windlass("config", "view").code == 1
    done("config", "set", "api.request_timeout=5")
    assert read(profiles, "mine") == {"WINDLASS_API_REQUEST_TIMEOUT": "5"}
