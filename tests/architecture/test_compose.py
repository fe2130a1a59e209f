"""compose.yaml is a Compose file, and what it names exists.

compose_spec.json is the JSON schema of the Compose Specification (Apache 2.0), as docker-compose
1.29.2 carries it.
"""

import json
import re
from pathlib import Path
from typing import Any, Final

import click
import pytest
import yaml
from jsonschema import Draft201909Validator

from tests.architecture.tree import ROOT
from windlass.cli.main import cli
from windlass.settings import Status, setting_named

COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: Final[dict[str, Any]] = COMPOSE["services"]
SPECIFICATION: Final[dict[str, Any]] = json.loads(
    Path(__file__).with_name("compose_spec.json").read_text()
)
UPSTREAM: Final = re.compile(r"^\s*server ([\w-]+):(\d+)", re.MULTILINE)


def windlass_services() -> dict[str, Any]:
    """The services that run our image."""
    return {name: said for name, said in SERVICES.items() if said["image"] == "windlass:local"}


def test_it_is_a_compose_file() -> None:
    validator: Any = Draft201909Validator(SPECIFICATION)
    faults = [f"{'.'.join(map(str, each.path))}: {each}" for each in validator.iter_errors(COMPOSE)]
    assert faults == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_waits_for_services_that_can_be_waited_for(service: str) -> None:
    for name, wait in SERVICES[service].get("depends_on", {}).items():
        assert name in SERVICES
        if wait["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[name]
        else:
            assert wait["condition"] == "service_completed_successfully"
            assert SERVICES[name]["restart"] == "no"


@pytest.mark.parametrize("service", windlass_services())
def test_every_setting_of_a_service_is_honoured(service: str) -> None:
    for variable, value in SERVICES[service]["environment"].items():
        assert setting_named(variable).status is Status.HONOURED
        assert isinstance(value, str), f"{variable}: Compose wants text, YAML reads {value!r}"


@pytest.mark.parametrize("service", windlass_services())
def test_every_command_is_one_of_ours(service: str) -> None:
    words: list[str] = list(SERVICES[service]["command"])
    command: click.Command = cli
    with click.Context(cli) as context:
        while isinstance(command, click.Group):
            found = command.get_command(context, words.pop(0))
            assert found is not None
            command = found
        command.make_context(service, words)


@pytest.mark.parametrize("service", sorted(set(SERVICES) - {"migrate"}))
def test_every_service_that_stays_has_a_healthcheck(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"]


@pytest.mark.parametrize("kind", ["api", "scheduler", "triggers", "worker"])
def test_there_are_two_of_each(kind: str) -> None:
    assert {f"{kind}-1", f"{kind}-2"} <= set(SERVICES)


def test_the_volumes_of_services_are_declared_and_their_files_exist() -> None:
    for said in SERVICES.values():
        for volume in said.get("volumes", []):
            source: str = volume.partition(":")[0]
            assert (ROOT / source).is_file() if "/" in source else source in COMPOSE["volumes"]


def test_the_proxy_knows_every_api_replica() -> None:
    written = (ROOT / "deploy/compose/nginx.conf").read_text()
    known = UPSTREAM.findall(written)
    replicas = [name for name in windlass_services() if name.startswith("api-")]
    assert known == [(name, SERVICES[name]["command"][-1]) for name in replicas]


def test_the_image_is_built_from_a_file_that_exists() -> None:
    for said in windlass_services().values():
        build = said["build"]
        assert (ROOT / build["context"] / build["dockerfile"]).is_file()
