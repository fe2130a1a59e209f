"""Settings of the process, and of a `with` block."""

import subprocess
import sys
from pathlib import Path

import pytest

from windlass import settings as public
from windlass.exceptions import ProfileInvalid, SettingInvalid
from windlass.settings import (
    NamedSetting,
    Profile,
    SettingWarning,
    get_current_settings,
    handed_over,
    setting_named,
    temporary_settings,
    update_current_profile,
    use_profile,
)

API_URL = NamedSetting(setting_named("WINDLASS_API_URL"))


def test_the_settings_of_the_process_are_read_once() -> None:
    assert get_current_settings() is get_current_settings()


def test_a_change_of_the_environment_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert get_current_settings().api.url is None
    monkeypatch.setenv("WINDLASS_API_URL", "http://a")
    assert get_current_settings().api.url == "http://a"


def test_a_change_of_the_working_directory_is_seen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "windlass.toml").write_text('api.url = "http://a"\n')
    monkeypatch.chdir(tmp_path)
    assert get_current_settings().api.url == "http://a"


def test_a_change_of_the_profiles_is_seen() -> None:
    assert get_current_settings().cli.colors is True
    update_current_profile({"WINDLASS_CLI_COLORS": "false"})
    assert get_current_settings().cli.colors is False
    update_current_profile({"WINDLASS_CLI_COLORS": None})
    assert get_current_settings().cli.colors is True


def test_temporary_settings_end_with_their_block() -> None:
    with temporary_settings({"WINDLASS_API_URL": "http://a", "cli.colors": False}) as settings:
        assert get_current_settings() is settings
        assert (settings.api.url, settings.cli.colors) == ("http://a", False)
        assert settings.source_of("api.url") == "override"
    assert get_current_settings().api.url is None


def test_temporary_settings_are_set_defaulted_and_restored() -> None:
    with temporary_settings(updates={API_URL: "foo"}):
        assert API_URL.value() == "foo"
        with temporary_settings(set_defaults={API_URL: "bar"}):
            assert API_URL.value() == "foo"
        with temporary_settings(restore_defaults={API_URL}):
            assert API_URL.value() is None
            with temporary_settings(set_defaults={API_URL: "bar"}):
                assert API_URL.value() == "bar"
    assert API_URL.value() is None


def test_temporary_settings_are_checked() -> None:
    with (
        pytest.raises(SettingInvalid, match="from override"),
        temporary_settings({"server.api.port": "x"}),
    ):
        pass
    with (
        pytest.raises(SettingInvalid, match=r"no setting server\.api\.ports"),
        temporary_settings({"server.api.ports": 1}),
    ):
        pass


def test_a_temporary_setting_without_effect_warns() -> None:
    changed = temporary_settings({"testing.test_mode": True})
    with pytest.warns(SettingWarning, match="WINDLASS_TESTING_TEST_MODE has no effect"):
        changed.__enter__()
    changed.__exit__(None, None, None)


def test_an_unknown_variable_warns_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDLASS_NOT_A_SETTING_OF_CONTEXT", "1")
    with pytest.warns(SettingWarning, match="is not a setting"):
        get_current_settings()
    monkeypatch.setenv("WINDLASS_API_URL", "http://a")
    get_current_settings()  # a second warning would be an error


def test_a_profile_is_used_for_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    with use_profile("local") as settings:
        assert settings.api.url == "http://127.0.0.1:4200/api"
        assert settings.profile == "local"
    mine = Profile("mine", {"WINDLASS_API_URL": "http://mine", "WINDLASS_CLI_COLORS": "false"})
    monkeypatch.setenv("WINDLASS_API_URL", "http://environment")
    with use_profile(mine) as settings:
        assert (settings.api.url, settings.cli.colors) == ("http://environment", False)
    with use_profile(mine, override_environment_variables=True) as settings:
        assert settings.api.url == "http://mine"


def test_a_profile_that_is_not_there_is_named() -> None:
    with pytest.raises(ProfileInvalid, match="no profile 'nowhere'"), use_profile("nowhere"):
        pass


def test_a_setting_can_be_imported_by_the_name_of_its_variable() -> None:
    imported: object = getattr(public, "WINDLASS_API_URL")  # noqa: B009 (as `from ... import` does)
    assert imported == API_URL
    assert API_URL.name == "WINDLASS_API_URL"
    with pytest.raises(AttributeError, match="WINDLASS_API_URI"):
        getattr(public, "WINDLASS_API_URI")  # noqa: B009


def test_what_another_process_hands_over_is_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    assert handed_over("FLOW_RUN_ID") is None
    monkeypatch.setenv("WINDLASS__FLOW_RUN_ID", "1")
    assert handed_over("FLOW_RUN_ID") == "1"


def test_reading_settings_loads_nothing_heavy() -> None:
    program = (
        "import sys; from windlass.settings import get_current_settings; get_current_settings();"
        "print([m for m in ('pydantic', 'tomllib', 'difflib', 'yaml') if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd="/"
    )
    assert ran.stdout == "[]\n"
