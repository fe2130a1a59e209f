"""`windlass.artifacts` and `windlass artifact` against a server."""

import json
from collections.abc import Generator
from typing import Any
from uuid import UUID

import pytest

from tests.support.command import done, windlass
from tests.support.waiting import wait_until
from tests.support.windlass_server import WindlassServer
from windlass import flow, task
from windlass.artifacts import (
    Artifact,
    LinkArtifact,
    acreate_markdown_artifact,
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from windlass.client.orchestration import get_client
from windlass.engine.process import current_session
from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.runtime import flow_run, task_run
from windlass.schemas.artifacts import Artifact as Stored


@pytest.fixture(autouse=True)
def _everything_is_told(api: str) -> Generator[None]:
    """The server outlives what the test says to it."""
    yield
    assert current_session().outbox.drain(10)


@pytest.fixture
def key() -> str:
    """A key that no other test uses."""
    return f"key-{uuid7()}"


def read(id: UUID) -> Stored:
    with get_client(sync_client=True) as client:
        return client.read_artifact(id)


@pytest.mark.parametrize(
    ("create", "arguments", "type", "data"),
    [
        (create_link_artifact, {"link": "a:b"}, "markdown", "[a:b](a:b)"),
        (create_link_artifact, {"link": "a:b", "link_text": "t"}, "markdown", "[t](a:b)"),
        (create_markdown_artifact, {"markdown": "# T"}, "markdown", "# T"),
        (create_image_artifact, {"image_url": "a:b"}, "image", "a:b"),
        (create_progress_artifact, {"progress": 12.5}, "progress", 12.5),
        (create_progress_artifact, {"progress": -1}, "progress", 0),
        (create_progress_artifact, {"progress": 101}, "progress", 100),
    ],
)
def test_each_kind_of_artifact_is_kept(
    key: str, create: Any, arguments: dict[str, Any], type: str, data: object
) -> None:
    made = read(create(**arguments, key=key, description="# D"))
    assert (made.key, made.type, made.data, made.description) == (key, type, data, "# D")
    assert (made.flow_run_id, made.task_run_id) == (None, None)


@pytest.mark.parametrize(
    ("table", "kept"),
    [
        ([{"a": 1, "b": None}], [{"a": 1, "b": None}]),
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]]),
        ({"a": [1.5, float("nan")]}, {"a": [1.5, None]}),
    ],
)
def test_a_table_is_kept_as_json_text(table: Any, kept: object) -> None:
    made = read(create_table_artifact(table))
    assert made.type == "table"
    assert json.loads(str(made.data)) == kept


def test_a_progress_is_changed_in_place(key: str) -> None:
    id = create_progress_artifact(0.0, key=key, description="d")
    for percent in (10, 250):
        assert update_progress_artifact(artifact_id=id, progress=percent) == id
    assert (read(id).data, read(id).description) == (100, "d")
    update_progress_artifact(id, 100, description="done")
    latest = Artifact.get(key)
    assert latest is not None
    assert (latest.id, latest.description) == (id, "done")
    with pytest.raises(ObjectNotFound):
        update_progress_artifact(uuid7(), 1)


def test_an_artifact_is_found_by_its_key_or_made(key: str) -> None:
    assert Artifact.get(key) is None
    first, is_new = Artifact.get_or_create(key=key, type="t", data={"a": 1}, description="d")
    assert (is_new, first.data, first.description) == (True, '{"a": 1}', "d")
    assert Artifact.get_or_create(key=key, type="t") == (first, False)
    second = LinkArtifact(link="a:b", key=key).create()
    assert Artifact.get(key) == second
    with pytest.raises(ValueError, match="lowercase letters, numbers, and dashes"):
        create_markdown_artifact("x", key="Bad_Key")


def test_an_artifact_belongs_to_the_run_that_made_it(key: str) -> None:
    made: dict[str, Any] = {}

    @task
    def in_a_task() -> None:
        made["task"] = (create_markdown_artifact("t", key=key), task_run.id, flow_run.id)

    @flow
    def in_a_flow() -> None:
        made["flow"] = (create_markdown_artifact("f"), None, flow_run.id)
        in_a_task()

    in_a_flow()
    for id, of_task, of_flow in made.values():
        artifact = read(id)
        assert artifact.flow_run_id == UUID(of_flow)
        assert artifact.task_run_id == (UUID(of_task) if of_task else None)


async def test_artifacts_are_awaited_in_asynchronous_code(key: str) -> None:
    made = await acreate_markdown_artifact("a", key=key)
    latest = await Artifact.aget(key)
    assert latest is not None
    assert latest.id == made


def test_whoever_waits_for_an_artifact_is_told(windlass_server: WindlassServer, key: str) -> None:
    id = create_progress_artifact(1, key=key)
    update_progress_artifact(id, 2)
    asked = {"filter": {"resource": {"id": [f"prefect.artifact.{id}"]}}}

    def told() -> dict[str, Any]:
        events = windlass_server.post("events/filter", asked)["events"]
        return {event["event"]: event for event in events} if len(events) == 2 else {}

    events = wait_until(told, timeout=20, description="both events")
    created = events["prefect.artifact.created"]
    assert created["resource"]["prefect.resource.name"] == key
    assert created["payload"] == {"key": key, "type": "progress"}
    assert events["prefect.artifact.updated"]["payload"] == {"data": 2}


def test_the_command_line_looks_at_artifacts_and_deletes_them(key: str) -> None:
    first, second = create_markdown_artifact("1", key=key), create_markdown_artifact("2", key=key)
    bare = create_markdown_artifact("b")
    latest = done("artifact", "ls").out
    assert str(second) in latest
    assert str(first) not in latest
    everything = done("artifact", "ls", "--all", "--limit", "900").out
    assert all(str(id) in everything for id in (first, second, bare))
    shown = done("artifact", "inspect", key, "--output", "json").json
    assert [version["id"] for version in shown] == [str(second), str(first)]
    assert len(done("artifact", "inspect", key, "--limit", "1", "-o", "json").json) == 1
    done("artifact", "delete", "--id", str(bare))
    assert windlass("artifact", "delete", "--id", str(bare)).code == 1
    assert "Deleted 2" in done("artifact", "delete", key).out
    for command in ("inspect", "delete"):
        missing = windlass("artifact", command, key)
        assert (missing.code, key in missing.err) == (1, True)
    assert windlass("artifact", "delete").code == 2
