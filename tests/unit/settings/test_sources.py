"""Settings: which source is right when several say something."""

from pathlib import Path

import pytest

from windlass.exceptions import ProfileInvalid, SettingInvalid
from windlass.settings import Settings, resolve

SOURCES = ("env", ".env file", "windlass.toml", "pyproject.toml", "profile", "defaults")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def environment(windlass_home: Path) -> dict[str, str]:
    windlass_home.mkdir()
    return {"WINDLASS_HOME": str(windlass_home)}


def speak(source: str, port: int, project: Path, environment: dict[str, str]) -> None:
    """Let one source say the port of the server."""
    match source:
        case "env":
            environment["WINDLASS_SERVER_API_PORT"] = str(port)
        case ".env file":
            (project / ".env").write_text(f"WINDLASS_SERVER_API_PORT={port}\n")
        case "windlass.toml":
            (project / source).write_text(f"[server.api]\nport = {port}\n")
        case "pyproject.toml":
            (project / source).write_text(f"[tool.windlass]\nserver.api.port = {port}\n")
        case "profile":
            profiles(environment, f'[profiles.ephemeral]\nWINDLASS_SERVER_API_PORT = "{port}"\n')
        case _:
            pass


def profiles(environment: dict[str, str], text: str) -> None:
    Path(environment["WINDLASS_HOME"], "profiles.toml").write_text(text)


def test_sources_go_before_each_other_in_the_documented_order(
    project: Path, environment: dict[str, str]
) -> None:
    ports = {source: 5000 + place for place, source in enumerate(SOURCES)} | {"defaults": 4200}
    for source in reversed(SOURCES):
        speak(source, ports[source], project, environment)
        settings = resolve(environment, project)
        assert settings.server.api.port == ports[source]
        assert settings.source_of("server.api.port") == source


def test_a_prefect_toml_is_read_where_there_is_no_windlass_toml(
    project: Path, environment: dict[str, str]
) -> None:
    (project / "prefect.toml").write_text('[logging]\nlevel = "DEBUG"\n')
    settings = resolve(environment, project)
    assert settings.logging.level == "DEBUG"
    assert settings.source_of("logging.level") == "prefect.toml"
    (project / "windlass.toml").write_text("cli.colors = false\n")
    assert resolve(environment, project).logging.level == "INFO"


def test_a_pyproject_of_prefect_is_read_where_there_is_no_table_of_windlass(
    project: Path, environment: dict[str, str]
) -> None:
    table = '[tool.prefect]\nlogging.level = "DEBUG"\n'
    (project / "pyproject.toml").write_text(table)
    assert resolve(environment, project).logging.level == "DEBUG"
    (project / "pyproject.toml").write_text(table + "[tool.windlass]\ncli.colors = false\n")
    assert resolve(environment, project).logging.level == "INFO"


def test_an_older_name_of_a_variable_is_read_and_the_present_one_goes_before_it(
    project: Path, environment: dict[str, str]
) -> None:
    environment["WINDLASS_API_DATABASE_TIMEOUT"] = "3"
    assert resolve(environment, project).server.database.timeout == 3.0
    environment["WINDLASS_SERVER_DATABASE_TIMEOUT"] = "4"
    assert resolve(environment, project).server.database.timeout == 4.0


def test_a_higher_source_is_right_even_under_an_older_name(
    project: Path, environment: dict[str, str]
) -> None:
    environment["WINDLASS_API_DATABASE_TIMEOUT"] = "3"
    (project / ".env").write_text("WINDLASS_SERVER_DATABASE_TIMEOUT=4\n")
    assert resolve(environment, project).server.database.timeout == 3.0


def test_an_empty_variable_counts_as_not_set(project: Path, environment: dict[str, str]) -> None:
    environment["WINDLASS_API_KEY"] = ""
    assert resolve(environment, project).api.key is None


@pytest.mark.parametrize(
    ("line", "url"),
    [
        ("WINDLASS_API_URL=http://a", "http://a"),
        ("  export WINDLASS_API_URL = 'http://a' # here", "http://a"),
        ('WINDLASS_API_URL="http://a#b"', "http://a#b"),
        ("WINDLASS_API_URL=http://a#b # comment", "http://a#b"),
        ("# WINDLASS_API_URL=http://a", None),
        ("API_URL=http://a", None),
    ],
)
def test_a_dotenv_file_says_variables(
    project: Path, environment: dict[str, str], line: str, url: str | None
) -> None:
    (project / ".env").write_text(f"OTHER=1\n\n{line}\n")
    assert resolve(environment, project).api.url == url


def test_nothing_of_a_project_is_read_without_a_directory(environment: dict[str, str]) -> None:
    assert resolve(environment, None).server.api.port == 4200


@pytest.mark.parametrize("name", ["windlass.toml", "pyproject.toml"])
def test_a_file_that_is_no_toml_is_named(
    project: Path, environment: dict[str, str], name: str
) -> None:
    (project / name).write_text("windlass = [")
    with pytest.raises(SettingInvalid, match=f"{name} cannot be read"):
        resolve(environment, project)


def test_the_profile_is_the_one_asked_for_then_the_variable_then_the_active_one(
    project: Path, environment: dict[str, str]
) -> None:
    profiles(
        environment,
        'active = "one"\n'
        + "".join(f'[profiles.{n}]\nWINDLASS_API_URL = "http://{n}"\n' for n in ("one", "two")),
    )

    def url(settings: Settings) -> tuple[str, str | None]:
        return settings.profile, settings.api.url

    assert url(resolve(environment, project)) == ("one", "http://one")
    environment["WINDLASS_PROFILE"] = "two"
    assert url(resolve(environment, project)) == ("two", "http://two")
    assert url(resolve(environment, project, profile="one")) == ("one", "http://one")


def test_an_unknown_profile_is_an_error_that_names_the_others(
    project: Path, environment: dict[str, str]
) -> None:
    environment["WINDLASS_PROFILE"] = "three"
    with pytest.raises(ProfileInvalid, match="no profile 'three'; there are ephemeral, local"):
        resolve(environment, project)


def test_a_fresh_installation_may_start_a_server_of_its_own(
    project: Path, environment: dict[str, str]
) -> None:
    settings = resolve(environment, project)
    assert settings.profile == "ephemeral"
    assert settings.server.ephemeral.enabled
    assert settings.source_of("server.ephemeral.enabled") == "profile"


def test_files_and_the_database_are_in_the_home_folder(
    project: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    environment["WINDLASS_HOME"] = str(tmp_path / "elsewhere")
    settings = resolve(environment, project)
    assert settings.home == tmp_path / "elsewhere"
    assert settings.profiles_path == tmp_path / "elsewhere" / "profiles.toml"
    assert settings.server.database.connection_url == (
        f"sqlite+aiosqlite:///{tmp_path}/elsewhere/windlass.db"
    )


def test_the_home_folder_may_be_said_in_a_path(
    project: Path, environment: dict[str, str], windlass_home: Path
) -> None:
    environment["WINDLASS_HOME"] = str(windlass_home)
    environment["WINDLASS_PROFILES_PATH"] = "${WINDLASS_HOME}/mine.toml"
    settings = resolve(environment, project)
    assert settings.profiles_path == windlass_home / "mine.toml"


def test_the_home_folder_may_be_below_that_of_the_user(
    project: Path, environment: dict[str, str], windlass_home: Path
) -> None:
    environment["WINDLASS_HOME"] = "~/elsewhere"
    environment["WINDLASS_PROFILES_PATH"] = str(windlass_home / "profiles.toml")
    assert resolve(environment, project).home == Path.home() / "elsewhere"
