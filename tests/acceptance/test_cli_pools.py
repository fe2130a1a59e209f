"""`windlass work-pool` and `work-queue` against a server."""

import json
import re
from pathlib import Path

import pytest

from tests.support.command import done, windlass
from windlass.ids import uuid7

pytestmark = pytest.mark.usefixtures("api")


def test_a_pool_is_made_listed_and_shown() -> None:
    name = f"pool-{uuid7()}"
    said = done("work-pool", "create", name, "--type", "process", "--paused")
    assert f"windlass worker start --pool '{name}'" in said.out
    shown = done("work-pool", "inspect", name, "--output", "json").json
    assert (shown["name"], shown["type"], shown["is_paused"]) == (name, "process", True)
    assert "job_configuration" in shown["base_job_template"]
    assert name in done("work-pool", "ls").out
    assert name in {each["name"] for each in done("work-pool", "ls", "-o", "json").json}
    assert "Base job template" in done("work-pool", "ls", "--verbose").out
    assert f"name                   {name}" in done("work-pool", "inspect", name).out


def test_a_pool_is_changed_unless_it_is_of_another_type(pool: str, tmp_path: Path) -> None:
    template = tmp_path / "template.json"
    template.write_text(json.dumps({"job_configuration": {"command": "{{ command }}"}}))
    said = windlass("work-pool", "update", pool, "--base-job-template", str(template))
    assert said.code == 1
    assert said.err.startswith("base_job_template: The base job template must have both")
    command = {"type": "string"}
    template.write_text(
        json.dumps(
            {
                "job_configuration": {"command": "{{ command }}"},
                "variables": {"type": "object", "properties": {"command": command}},
            }
        )
    )
    assert "already" in windlass("work-pool", "create", pool, "-t", "process").err
    given = ("--overwrite", "--base-job-template", str(template))
    done("work-pool", "create", pool, "-t", "process", *given)
    shown = done("work-pool", "inspect", pool, "-o", "json").json
    assert shown["base_job_template"]["job_configuration"] == {"command": "{{ command }}"}
    said = windlass("work-pool", "create", pool, "-t", "other", *given)
    assert said.code == 1
    assert "cannot be changed" in said.err


def test_a_run_that_waits_says_what_for(
    pool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows.py").write_text("from windlass import flow\n@flow\ndef wait(): ...\n")
    done("deploy", "flows.py:wait", "--name", pool, "--pool", pool)
    id = done("deployment", "run", f"wait/{pool}").out.split("(", 1)[1].split(")", 1)[0]
    for command, reason in (("pause", "work pool paused"), ("resume", "no worker")):
        done("work-pool", command, pool)
        assert re.search(rf"^blocking_reason +{reason}$", done("flow-run", "inspect", id).out, re.M)
        assert f"Scheduled ({reason})" in done("flow-run", "ls").out


def test_a_type_that_nobody_knows_needs_a_template() -> None:
    said = windlass("work-pool", "create", "a-pool", "--type", "proces")
    assert said.code == 1
    assert "knows no worker type 'proces'; it knows process" in said.err


def test_what_is_left_out_of_an_update_stays(pool: str) -> None:
    done("work-pool", "update", pool, "--description", "words", "--concurrency-limit", "3")
    done("work-pool", "update", pool, "--description", "[other] words")
    shown = done("work-pool", "inspect", pool, "-o", "json").json
    assert (shown["description"], shown["concurrency_limit"]) == ("[other] words", 3)
    assert "[other] words" in done("work-pool", "ls", "-v").out
    assert windlass("work-pool", "update", pool).code == 2


def test_a_pool_retries_infrastructure_as_it_is_told() -> None:
    pool = f"pool-{uuid7()}"
    options = ("--infrastructure-retries", "3", "--infrastructure-retry-longest-delay", "60")
    causes = ("--infrastructure-retry-cause", "lost")
    for more in ((), ("--overwrite",)):
        done("work-pool", "create", pool, "-t", "process", *options, *more)
        policy = done("work-pool", "inspect", pool, "-o", "json").json["infrastructure_retry"]
        assert (policy["max_retries"], policy["longest_delay_seconds"]) == (3, 60)
        assert len(policy["causes"]) == 3
        done("work-pool", "update", pool, "--infrastructure-retries", "1", *causes)
        policy = done("work-pool", "inspect", pool, "-o", "json").json["infrastructure_retry"]
        assert (policy["max_retries"], policy["longest_delay_seconds"]) == (1, 600)
        assert policy["causes"] == ["lost"]


def test_a_pool_is_paused_and_limited(pool: str) -> None:
    def shown() -> tuple[bool, int | None]:
        found = done("work-pool", "inspect", pool, "-o", "json").json
        return found["is_paused"], found["concurrency_limit"]

    done("work-pool", "pause", pool)
    done("work-pool", "set-concurrency-limit", pool, "5")
    assert shown() == (True, 5)
    done("work-pool", "resume", pool)
    done("work-pool", "clear-concurrency-limit", pool)
    assert shown() == (False, None)


def test_a_pool_is_deleted_once_it_is_confirmed(pool: str) -> None:
    assert windlass("--prompt", "work-pool", "delete", pool, typed="n\n").code == 1
    done("work-pool", "inspect", pool)
    done("--no-prompt", "work-pool", "delete", pool)
    said = windlass("work-pool", "inspect", pool)
    assert said.code == 1
    assert f"There is no work pool named '{pool}'" in said.err


def test_the_default_pool_is_used_where_none_is_named(pool: str) -> None:
    assert windlass("work-queue", "create", "q").code == 2
    done("work-pool", "create", pool, "-t", "process", "--overwrite", "--set-as-default")
    done("work-queue", "create", "q")
    assert done("work-queue", "inspect", "q", "-o", "json").json["work_pool_name"] == pool
    assert f"Work pool '{pool}'" in done("work-pool", "preview").out


def test_the_template_of_a_type_can_be_kept_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "template.json"
    done("work-pool", "get-default-base-job-template", "--type", "process", "--file", str(file))
    shown = done("work-pool", "get-default-base-job-template", "-t", "process").json
    assert json.loads(file.read_text()) == shown
    assert "variables" in shown


def test_queues_are_made_in_a_pool_and_found_by_name_or_id(pool: str) -> None:
    said = done("work-queue", "create", "urgent", "--pool", pool, "-q", "1", "-l", "2")
    assert "priority 1" in said.out
    listed = done("work-queue", "ls", "--pool", pool, "-o", "json").json
    assert [each["name"] for each in listed] == ["urgent", "default"]
    by_id = done("work-queue", "inspect", listed[0]["id"], "-o", "json").json
    assert (by_id["name"], by_id["concurrency_limit"]) == ("urgent", 2)
    assert "urgent" in done("work-queue", "ls", "--match", "urg").out
    assert "default" not in done("work-queue", "ls", "--match", "urg", "-p", pool).out


def test_a_queue_is_paused_limited_and_deleted(pool: str) -> None:
    of_pool = ("--pool", pool)
    done("work-queue", "create", "q", *of_pool)

    def shown() -> tuple[bool, int | None]:
        found = done("work-queue", "inspect", "q", *of_pool, "-o", "json").json
        return found["is_paused"], found["concurrency_limit"]

    done("work-queue", "pause", "q", *of_pool)
    done("work-queue", "set-concurrency-limit", "q", "4", *of_pool)
    assert shown() == (True, 4)
    done("work-queue", "resume", "q", *of_pool)
    done("work-queue", "clear-concurrency-limit", "q", *of_pool)
    assert shown() == (False, None)
    done("work-queue", "delete", "q", *of_pool)
    assert windlass("work-queue", "inspect", "q", *of_pool).code == 1
