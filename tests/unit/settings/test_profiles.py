"""Profiles: named sets of settings in a file."""

import stat
from pathlib import Path

import pytest

from windlass.exceptions import ProfileInvalid, SettingInvalid
from windlass.settings import (
    Profile,
    ProfilesCollection,
    SettingWarning,
    check_value,
    current_profiles,
    get_current_settings,
    load_current_profile,
    load_profiles,
    save_profiles,
    setting_named,
    update_current_profile,
    use_profile,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "profiles.toml"


def test_without_a_file_there_are_the_stock_profiles(path: Path) -> None:
    profiles = load_profiles(path)
    assert profiles.names == ["ephemeral", "local"]
    assert profiles.active_name == "ephemeral"
    assert load_profiles(path, include_defaults=False).names == []


def test_saved_profiles_are_loaded_as_they_were(path: Path) -> None:
    profile = Profile('odd "name".x', {"WINDLASS_API_URL": 'http://"a"\\b\n', "WINDLASS_HOME": "ü"})
    saved = load_profiles(path).with_profile(profile).with_active(profile.name)
    save_profiles(saved, path)
    assert load_profiles(path) == saved


def test_only_the_owner_reads_the_file(path: Path) -> None:
    save_profiles(load_profiles(path), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["profiles.toml"]


def test_stock_profiles_are_written_only_when_they_were_changed(path: Path) -> None:
    profiles = load_profiles(path)
    save_profiles(profiles, path)
    assert "ephemeral]" not in path.read_text()
    changed = profiles["ephemeral"].updated({"WINDLASS_LOGGING_LEVEL": "DEBUG"})
    save_profiles(profiles.with_profile(changed), path)
    assert load_profiles(path)["ephemeral"] == changed


def test_stock_profiles_are_written_when_asked_for_and_then_stay(path: Path) -> None:
    save_profiles(load_profiles(path), path, with_stock=True)
    save_profiles(load_profiles(path), path)
    assert load_profiles(path, include_defaults=False).names == ["ephemeral", "local"]


def test_values_that_are_no_text_become_text(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("[profiles.a]\nWINDLASS_CLI_COLORS = false\nWINDLASS_SERVER_API_PORT = 4300\n")
    assert load_profiles(path)["a"].settings == {
        "WINDLASS_CLI_COLORS": "false",
        "WINDLASS_SERVER_API_PORT": "4300",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("active = ", "cannot be read"),
        ("profiles = 3", "must be a table of tables"),
        ("[profiles]\na = 3", "`profiles.a` must be a table"),
    ],
)
def test_a_file_that_makes_no_sense_is_named(path: Path, text: str, message: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(ProfileInvalid, match=message):
        load_profiles(path)


@pytest.fixture
def profiles() -> ProfilesCollection:
    return ProfilesCollection({name: Profile(name) for name in ("a", "b")}, "a")


def test_a_profile_is_renamed_and_stays_active(profiles: ProfilesCollection) -> None:
    renamed = profiles.renamed("a", "c")
    assert (renamed.names, renamed.active_name) == (["b", "c"], "c")
    assert renamed.active_profile.name == "c"


def test_a_profile_is_taken_out_unless_it_is_active(profiles: ProfilesCollection) -> None:
    assert profiles.without("b").names == ["a"]
    with pytest.raises(ProfileInvalid, match="'a' is active"):
        profiles.without("a")


def test_a_profile_that_is_not_there_is_named(profiles: ProfilesCollection) -> None:
    with pytest.raises(ProfileInvalid, match="no profile 'c'; there are a, b"):
        profiles.without("c")
    with pytest.raises(ProfileInvalid, match="no profile 'c'"):
        profiles.with_active("c")
    with pytest.raises(ProfileInvalid, match="no profile 'c'"):
        profiles.renamed("c", "d")


def test_a_profile_is_not_renamed_over_another(profiles: ProfilesCollection) -> None:
    with pytest.raises(ProfileInvalid, match="'b' already"):
        profiles.renamed("a", "b")


def test_the_active_profile_is_changed_in_its_file(windlass_home: Path) -> None:
    update_current_profile({"WINDLASS_FLOW_DEFAULT_RETRIES": "3", "logging.level": "ERROR"})
    path = current_profiles()[1]
    assert path == windlass_home / "profiles.toml"
    assert load_profiles(path)["ephemeral"].settings == {
        "WINDLASS_SERVER_ALLOW_EPHEMERAL_MODE": "true",
        "WINDLASS_FLOWS_DEFAULT_RETRIES": "3",
        "WINDLASS_LOGGING_LEVEL": "ERROR",
    }
    update_current_profile({"WINDLASS_LOGGING_LEVEL": None, "server.ephemeral.enabled": None})
    assert load_profiles(path)["ephemeral"].settings == {"WINDLASS_FLOWS_DEFAULT_RETRIES": "3"}


def test_a_change_of_the_active_profile_that_is_wrong_changes_nothing(windlass_home: Path) -> None:
    with pytest.raises(SettingInvalid, match="it takes a whole number"):
        update_current_profile({"WINDLASS_API_URL": "http://a", "WINDLASS_SERVER_API_PORT": "x"})
    with pytest.raises(SettingInvalid, match="Did you mean WINDLASS_API_URL"):
        update_current_profile({"WINDLASS_API_URI": "http://a"})
    assert not windlass_home.exists()


def test_a_setting_without_effect_may_stand_in_a_profile() -> None:
    assert check_value(setting_named("server.ui.enabled"), "false", "somewhere") == "false"
    update_current_profile({"WINDLASS_SERVER_UI_ENABLED": "false"})
    assert load_current_profile().settings["WINDLASS_SERVER_UI_ENABLED"] == "false"
    with pytest.warns(SettingWarning, match="WINDLASS_SERVER_UI_ENABLED"):
        get_current_settings()


def test_a_wrong_value_in_the_profile_can_be_corrected(windlass_home: Path) -> None:
    windlass_home.mkdir()
    text = '[profiles.ephemeral]\nWINDLASS_SERVER_API_PORT = "x"\n'
    (windlass_home / "profiles.toml").write_text(text)
    with pytest.raises(SettingInvalid, match="WINDLASS_SERVER_API_PORT is 'x'"):
        get_current_settings()
    update_current_profile({"WINDLASS_SERVER_API_PORT": "4300"})
    assert get_current_settings().server.api.port == 4300


def test_the_profile_in_use_is_changed_and_not_the_active_one(
    windlass_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINDLASS_PROFILE", "local")
    update_current_profile({"WINDLASS_CLI_COLORS": "false"})
    with use_profile("ephemeral"):
        update_current_profile({"WINDLASS_CLI_PROMPT": "false"})
    profiles = load_profiles(windlass_home / "profiles.toml")
    assert profiles.active_name == "ephemeral"
    assert profiles["local"].settings["WINDLASS_CLI_COLORS"] == "false"
    assert profiles["ephemeral"].settings["WINDLASS_CLI_PROMPT"] == "false"
