"""The catalogue of settings, against Prefect's documented ones."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.golden import ROOT
from windlass.exceptions import SettingInvalid
from windlass.settings import Setting, Status, catalogue, setting_named
from windlass.settings.view import as_text

CONTRACT: Final = Path(ROOT, "tests/compat/contract/openapi-3.6.7.json")


def documented() -> dict[str, dict[str, Any]]:
    """Prefect's settings by their dotted paths, as the contract describes them."""
    schemas = json.loads(CONTRACT.read_text())["components"]["schemas"]
    found: dict[str, dict[str, Any]] = {}

    def walk(schema: str, path: str) -> None:
        for name, said in schemas[schema]["properties"].items():
            if "$ref" in said:
                walk(said["$ref"].rsplit("/", 1)[-1], f"{path}{name}.")
            else:
                found[path + name] = said

    walk("Settings", "")
    return found


PREFECT: Final = documented()


def ours() -> list[Setting]:
    return [each for each in catalogue().values() if each.documented]


def test_every_documented_setting_is_honoured_mapped_or_void() -> None:
    here = {setting.path for setting in ours() if not setting.path.startswith("redis.")}
    assert here == set(PREFECT)
    assert len(here) == 199


def test_every_documented_variable_is_read_under_our_prefix() -> None:
    for path, said in PREFECT.items():
        names = [
            name.replace("PREFECT_", "WINDLASS_", 1)
            for name in said["supported_environment_variables"]
        ]
        assert list(catalogue()[path].names) == names


CHANGED: Final = {
    "home": "~/.windlass",  # the name
    "api.ssl_cert_file": None,  # depends on the machine
    "cloud.api_url": None,  # there is none
    "client.custom_headers": "{}",
    "tasks.default_retry_delay_seconds": "0.0",
}


@pytest.mark.parametrize(
    "path", sorted(path for path, said in PREFECT.items() if "default" in said)
)
def test_a_documented_default_is_the_default(path: str) -> None:
    setting, documented = catalogue()[path], PREFECT[path]["default"]
    here = None if setting.default is None else as_text(setting.default)
    if path in CHANGED:
        assert here == CHANGED[path]
    elif isinstance(documented, bool) or not isinstance(documented, int | float):
        assert here == as_text(documented)
    else:
        assert float(here or "nan") == float(documented)


def test_a_documented_least_value_is_ours_or_less_than_ours() -> None:
    for setting in ours():
        least = PREFECT.get(setting.path, {}).get("minimum")
        if least is not None and setting.status is Status.HONOURED:
            assert setting.at_least is not None
            assert setting.at_least >= least


def test_no_variable_stands_for_two_settings() -> None:
    names = [name for setting in catalogue().values() for name in setting.names]
    assert len(names) == len(set(names))


def test_every_setting_says_what_it_does_or_why_it_does_nothing() -> None:
    assert all(setting.description for setting in catalogue().values())


def test_a_setting_is_found_by_path_and_by_any_of_its_variables() -> None:
    setting = setting_named("server.database.connection_url")
    assert setting_named("WINDLASS_API_DATABASE_CONNECTION_URL") is setting
    assert setting_named("windlass_server_database_connection_url") is setting
    with pytest.raises(SettingInvalid, match=r"Did you mean server\.api\.port\?"):
        setting_named("server.api.prot")
