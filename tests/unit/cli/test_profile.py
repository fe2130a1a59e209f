"""`windlass profile`: named sets of settings."""

from pathlib import Path

import pytest

from tests.support.command import done, windlass


def names() -> dict[str, bool]:
    """The profiles, and whether each is active."""
    return {each["name"]: each["active"] for each in done("profile", "ls", "-o", "json").json}


def test_at_first_there_are_the_stock_profiles() -> None:
    assert names() == {"ephemeral": True, "local": False}


def test_a_profile_is_made_from_another_and_used() -> None:
    done("profile", "create", "staging", "--from", "local")
    done("profile", "use", "staging")
    assert names()["staging"]
    shown = done("profile", "inspect", "--output", "json").json
    assert shown["name"] == "staging"
    assert shown["settings"] == done("profile", "inspect", "local", "-o", "json").json["settings"]


def test_the_active_profile_is_marked_in_the_table() -> None:
    said = done("profile", "ls").out
    assert "* ephemeral" in said
    assert "* local" not in said


def test_a_profile_cannot_be_made_twice() -> None:
    done("profile", "create", "dev")
    said = windlass("profile", "create", "dev")
    assert said.code == 1
    assert "There is a profile 'dev' already." in said.err
    assert "config set" in said.err


def test_a_renamed_profile_stays_active() -> None:
    done("profile", "create", "dev")
    done("profile", "use", "dev")
    done("profile", "rename", "dev", "prod")
    assert names() == {"ephemeral": False, "local": False, "prod": True}


def test_a_profile_is_deleted_unless_it_is_needed() -> None:
    done("profile", "create", "dev")
    done("profile", "use", "dev")
    assert "is active" in windlass("profile", "delete", "dev").err
    done("profile", "use", "local")
    done("profile", "delete", "dev")
    assert "dev" not in names()
    assert "stock profile" in windlass("profile", "delete", "ephemeral").err


@pytest.mark.parametrize("command", ["use", "delete", "inspect"])
def test_a_profile_that_is_not_there_is_a_failure(command: str) -> None:
    said = windlass("profile", command, "nobody")
    assert said.code == 1
    assert "There is no profile 'nobody'" in said.err


def test_the_stock_profiles_can_be_written_down(windlass_home: Path) -> None:
    done("--profile", "local", "config", "set", "api.url=http://mine/api")
    said = done("profile", "populate-defaults")
    assert said.out.splitlines() == ["ephemeral: written", "local: yours is kept"]
    text = (windlass_home / "profiles.toml").read_text()
    assert "http://mine/api" in text
    assert "ephemeral" in text


def test_the_group_has_another_name() -> None:
    assert done("profiles", "ls").out == done("profile", "ls").out
