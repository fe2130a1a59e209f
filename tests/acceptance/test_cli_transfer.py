"""`windlass transfer`: from the server of one profile to that of another."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import done, windlass
from tests.support.windlass_server import Backend, make_windlass_server
from windlass.blocks.core import Block
from windlass.blocks.system import Secret
from windlass.filesystems import LocalFileSystem
from windlass.ids import uuid7
from windlass.settings import use_profile

FLOWS = '''\
from windlass import flow

@flow(name="{name}")
def greet(name: str = "world") -> str:
    """Say hello."""
    return f"Hello, {{name}}!"
'''
PROJECT = """\
deployments:
- name: one
  entrypoint: flows.py:greet
  concurrency_limit: 3
  work_pool: {{name: {pool}, work_queue_name: fast}}
  schedule: {{cron: "0 9 * * *", timezone: Europe/Berlin}}
"""
AUTOMATION = """\
name: {name}
trigger:
  type: event
  posture: Reactive
  expect: [something.happened]
  match: {{prefect.resource.id: somewhere}}
  threshold: 1
  within: 0
actions:
- {{type: run-deployment, source: selected, deployment_id: {deployment}}}
"""


class Boat(Block):
    """Has a home, which is another block."""

    harbour: LocalFileSystem
    length: int


@pytest.fixture
def target(tmp_path: Path) -> Iterator[str]:
    """The address of another server's API."""
    server = make_windlass_server(Backend.EMBEDDED, tmp_path / "other", {})
    try:
        server.start()
        yield server.api_url
    finally:
        server.stop()


@pytest.fixture
def profiles(api: str, target: str) -> tuple[str, str]:
    """The names of the profiles of two servers."""
    names = ("source", "target")
    for name, url in zip(names, (api, target), strict=True):
        done("profile", "create", name)
        done("--profile", name, "config", "set", f"WINDLASS_API_URL={url}")
    return names


@pytest.fixture
def things(
    pool: str, profiles: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """One of each kind on the source, under a name that no other test uses."""
    del profiles
    name = f"thing-{uuid7()}"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows.py").write_text(FLOWS.format(name=name))
    (tmp_path / "windlass.yaml").write_text(PROJECT.format(pool=pool))
    done("work-queue", "create", "fast", "--pool", pool, "--limit", "2", "--priority", "1")
    done("work-queue", "set-concurrency-limit", "default", "7", "--pool", pool)
    done("variable", "set", name, '{"a": [1]}', "--tag", "t")
    done("gcl", "create", name, "--limit", "4", "--slot-decay-per-second", "0.5")
    LocalFileSystem(basepath="/somewhere").save(name)
    Secret[str].model_validate({"value": "s3cret"}).save(name)
    Boat(harbour=LocalFileSystem.load(name), length=9).save(name)
    done("deploy", "--all")
    deployment = done("deployment", "inspect", f"{name}/one", "-o", "json").json["id"]
    (tmp_path / "automation.yaml").write_text(AUTOMATION.format(name=name, deployment=deployment))
    done("automation", "create", "--from-file", "automation.yaml")
    return name


def test_everything_is_copied_once(
    things: str, pool: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = windlass("transfer", "--from", "source", "--to", "target")
    assert (first.code, first.err) == (0, ""), first.out
    assert f"Skipped: secret/{things} (blocks): it has secrets: make it there by hand." in first.out
    again = done("transfer", "--from", "source", "--to", "target").out.splitlines()[-1]
    assert again.startswith("0 succeeded, ")
    assert again.endswith(" skipped, 0 failed.")

    monkeypatch.setenv("WINDLASS_API_URL", target)
    deployment = done("deployment", "inspect", f"{things}/one", "-o", "json").json
    assert (deployment["work_pool_name"], deployment["work_queue_name"]) == (pool, "fast")
    assert deployment["global_concurrency_limit"]["limit"] == 3
    assert deployment["schedules"][0]["schedule"]["timezone"] == "Europe/Berlin"
    [automation] = done("automation", "inspect", things, "-o", "json").json
    assert automation["actions"][0]["deployment_id"] == deployment["id"]
    queues = done("work-queue", "ls", "--pool", pool, "-o", "json").json
    limits = {queue["name"]: queue["concurrency_limit"] for queue in queues}
    assert limits == {"default": 7, "fast": 2}
    variable = done("variable", "inspect", things, "-o", "json").json
    assert (variable["value"], variable["tags"]) == ({"a": [1]}, ["t"])
    limit = done("gcl", "inspect", things, "-o", "json").json
    assert (limit["limit"], limit["slot_decay_per_second"]) == (4, 0.5)
    assert LocalFileSystem.load(things).basepath == "/somewhere"
    boat = Boat.load(things)
    assert (boat.harbour.basepath, boat.length) == ("/somewhere", 9)
    assert windlass("block", "inspect", f"secret/{things}").code == 1


def test_one_failure_does_not_keep_the_rest(things: str) -> None:
    nowhere = uuid7()
    text = AUTOMATION.format(name=f"{things}-lost", deployment=nowhere)
    Path("lost.yaml").write_text(text)
    done("automation", "create", "--from-file", "lost.yaml")
    said = windlass("transfer", "--from", "source", "--to", "target")
    done("automation", "delete", f"{things}-lost")
    assert said.code == 1
    reason = f"it refers to what was not copied: {nowhere}"
    assert f"Failed: {things}-lost (automations): {reason}." in said.out
    assert said.out.endswith(" 1 failed.\n"), said.out
    with use_profile("target", override_environment_variables=True):
        done("automation", "inspect", things)


@pytest.mark.usefixtures("profiles")
@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("source", "source", "of the same server"),
        ("source", "no-such", "no-such"),
        ("ephemeral", "source", "'ephemeral' names no server"),
    ],
)
def test_profiles_that_do_not_fit_are_refused(source: str, target: str, reason: str) -> None:
    said = windlass("transfer", "--from", source, "--to", target)
    assert said.code == 1
    assert reason in said.err
    assert "Traceback" not in said.err
