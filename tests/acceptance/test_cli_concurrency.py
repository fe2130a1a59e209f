"""`windlass concurrency-limit` and `global-concurrency-limit` against a server."""

import json
from pathlib import Path

import pytest

from tests.support.command import done, windlass
from windlass.ids import uuid7

pytestmark = pytest.mark.usefixtures("api")


@pytest.fixture
def limit() -> str:
    name = f"limit-{uuid7()}"
    done("gcl", "create", name, "--limit", "2", "--slot-decay-per-second", "0.5")
    return name


def test_a_limit_is_made_listed_and_shown(limit: str, tmp_path: Path) -> None:
    shown = done("gcl", "inspect", limit, "-o", "json").json
    fields = ("name", "limit", "active_slots", "slot_decay_per_second", "active")
    assert [shown[field] for field in fields] == [limit, 2, 0, 0.5, True]
    assert limit in done("global-concurrency-limit", "ls").out
    assert limit in {each["name"] for each in done("gcl", "ls", "-o", "json").json}
    file = tmp_path / "limit.json"
    done("gcl", "inspect", limit, "--file", str(file))
    assert json.loads(file.read_text())["id"] == shown["id"]
    assert "exists already" in windlass("gcl", "create", limit, "--limit", "1").err


def test_a_limit_is_changed_as_far_as_is_said(limit: str) -> None:
    done("gcl", "update", limit, "--limit", "5", "--active-slots", "3", "--disable")
    shown = done("gcl", "inspect", limit, "-o", "json").json
    assert (shown["limit"], shown["active"], shown["slot_decay_per_second"]) == (5, False, 0.5)
    done("gcl", "enable", limit)
    assert done("gcl", "inspect", limit, "-o", "json").json["active"] is True
    done("gcl", "disable", limit)
    assert done("gcl", "inspect", limit, "-o", "json").json["active"] is False
    assert windlass("gcl", "update", limit).code == 2


def test_a_limit_is_deleted(limit: str) -> None:
    done("gcl", "delete", limit)
    said = windlass("gcl", "delete", limit)
    assert said.code == 1
    assert "no concurrency limit named" in said.err


def test_the_limit_of_a_tag_is_a_limit_by_name() -> None:
    tag = f"tag-{uuid7()}"
    done("concurrency-limit", "create", tag, "3")
    shown = done("concurrency-limit", "inspect", tag, "--output", "json").json
    assert (shown["tag"], shown["concurrency_limit"], shown["active_slots"]) == (tag, 3, [])
    assert done("gcl", "inspect", f"tag:{tag}", "-o", "json").json["id"] == shown["id"]
    assert tag in done("concurrency-limit", "ls", "--limit", "200").out
    done("concurrency-limit", "reset", tag)
    done("concurrency-limit", "delete", tag)
    assert windlass("concurrency-limit", "inspect", tag).code == 1
