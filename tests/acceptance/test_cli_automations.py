"""`windlass automation`, `windlass event` and the triggers of deployments, against a server."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.command import done, windlass, windlass_process
from tests.support.waiting import wait_until
from tests.support.windlass_server import WindlassServer
from windlass import flow
from windlass.automations import Automation, CancelFlowRun, EventTrigger, Posture
from windlass.client.orchestration import get_client
from windlass.clock import utc_now
from windlass.events import DeploymentEventTrigger, Event, get_events_client
from windlass.events.clients import get_events_subscriber
from windlass.events.filters import EventFilter, EventNameFilter
from windlass.events.subscribers import FlowRunSubscriber
from windlass.exceptions import RequestInvalid
from windlass.ids import uuid7
from windlass.schemas.events import ReceivedEvent
from windlass.schemas.flow_runs import FlowRunCreate
from windlass.schemas.logs import Log, LogCreate

pytestmark = pytest.mark.timeout(60)

DECLARED = """\
automations:
- name: {name}
  tags: [crows]
  trigger: {{type: event, expect: [crow.called], within: 60}}
  actions: [{{type: cancel-flow-run}}]
- name: {name}-bad
  trigger: {{type: event, posture: Proactive, within: 1}}
  actions: []
"""


@pytest.fixture(autouse=True)
def _speaks_to_the_server(api: str) -> None:
    """Also what is not a command."""


@pytest.fixture
def name() -> str:
    return f"automation-{uuid7()}"


def inspected(name: str) -> dict[str, Any]:
    [found] = done("automation", "inspect", name, "--json").json
    return found


def test_automations_are_made_from_a_file_as_far_as_they_can_be(name: str, tmp_path: Path) -> None:
    file = tmp_path / "automations.yaml"
    file.write_text(DECLARED.format(name=name))
    said = windlass("automation", "create", "--from-file", str(file))
    assert said.code == 1
    assert f"Made the automation {name!r}" in said.out
    assert f"'{name}-bad': `within` of a proactive trigger" in said.err
    kept = inspected(name)
    assert (kept["tags"], kept["trigger"]["within"]) == (["crows"], 60.0)
    shown = done("automation", "inspect", "--id", kept["id"], "-o", "yaml").out
    assert yaml.safe_load(shown) == kept
    assert name in done("automation", "ls").out


def test_an_automation_is_paused_resumed_and_deleted(name: str) -> None:
    declared = {"name": name, "trigger": {"type": "event"}, "actions": [{"type": "do-nothing"}]}
    done("automation", "create", "--from-json", json.dumps([declared]))
    for command, enabled in (
        ("pause", False),
        ("resume", True),
        ("disable", False),
        ("enable", True),
    ):
        done("automation", command, name)
        assert inspected(name)["enabled"] is enabled
    done("automation", "delete", "--id", inspected(name)["id"])
    said = windlass("automation", "inspect", name)
    assert (said.code, "There is no automation named" in said.err) == (1, True)


def test_which_of_two_must_be_said(name: str) -> None:
    declared: dict[str, Any] = {"name": name, "trigger": {}, "actions": []}
    done("automation", "create", "-j", json.dumps([declared, declared]))
    said = windlass("automation", "pause", name)
    assert (said.code, f"2 automations named {name!r}" in said.err) == (1, True)
    assert len(done("automation", "inspect", name, "--json").json) == 2
    assert windlass("automation", "pause").code == 2


def test_an_automation_is_an_object_in_python(name: str) -> None:
    made = Automation(
        name=name,
        trigger=EventTrigger(expect={"crow.called"}, posture=Posture.Reactive),
        actions=[CancelFlowRun()],
    ).create()
    found = Automation.read(name=name)
    assert (found.id, found.actions) == (made.id, [CancelFlowRun()])
    assert isinstance(found.trigger, EventTrigger)
    found.description = "about crows"
    found.update()
    assert found.disable()
    again = Automation.read(id=made.id)
    assert (again.description, again.enabled) == ("about crows", False)
    assert again.enable()
    assert again.delete()
    assert not again.delete()
    assert not again.enable()
    with pytest.raises(ValueError, match="There is no automation"):
        Automation.read(name=name)


async def test_an_automation_is_an_object_in_asynchronous_code(name: str) -> None:
    made = await Automation(name=name, trigger=EventTrigger(), actions=[]).acreate()
    found = await Automation.aread(id=made.id)
    assert await found.adisable()
    assert not (await Automation.aread(name=name)).enabled
    assert await found.adelete()


def test_an_automation_needs_to_be_there() -> None:
    automation = Automation(name="x", trigger=EventTrigger(), actions=[])
    for attempt in (automation.update, automation.delete, automation.enable, automation.disable):
        with pytest.raises(ValueError, match="no id"):
            attempt()
    with pytest.raises(ValueError, match="exactly one"):
        Automation.read()


def test_an_event_is_emitted_by_a_command() -> None:
    event = f"crow.called.{uuid7()}"
    said = done(
        "event", "emit", event, "--resource-id", "a.crow", "-r", "colour=black",
        "--related", '{"prefect.resource.id": "a.tree", "prefect.resource.role": "tree"}',
        "--payload", '{"loud": true}',
    )  # fmt: skip
    assert event in said.out
    refused = windlass("event", "emit", event, "-r", "colour=black")
    assert (refused.code, "prefect.resource.id" in refused.err) == (1, True)


def test_events_are_followed_by_a_command(api: str, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    event = f"crow.called.{uuid7()}"
    log = tmp_path / "log"
    with windlass_process(
        log, "event", "stream", "--output-file", str(file), WINDLASS_API_URL=api
    ) as following:
        wait_until(lambda: following.said("Waiting for events"), description="the subscription")

        done("event", "emit", event, "--resource-id", "a.crow")

        def seen() -> list[dict[str, Any]]:
            lines = file.read_text().splitlines() if file.exists() else []
            return [one for one in map(json.loads, lines) if one["event"] == event]

        [found] = wait_until(seen, timeout=20, description="the event in the file")
    assert found["resource"] == {"prefect.resource.id": "a.crow"}


async def test_a_subscriber_sees_what_a_client_emits() -> None:
    name = f"crow.called.{uuid7()}"
    asked = EventFilter(event=EventNameFilter(name=[name]))
    said = {"event": name, "resource": {"prefect.resource.id": "a.crow"}}
    events = [Event.model_validate(said) for _ in range(3)]
    async with get_events_subscriber(asked) as subscriber, get_events_client() as client:
        for event in events:
            await client.emit(event)
        seen = {(await anext(subscriber)).id for _ in events}
    assert seen == {event.id for event in events}


async def test_a_flow_run_is_followed_to_its_end_by_events_and_logs(
    windlass_server: WindlassServer,
) -> None:
    async with get_client() as client:
        flow_id = await client.create_flow_from_name("called")
        run = await client.create_flow_run(FlowRunCreate(flow_id=flow_id))
        seen: list[ReceivedEvent | Log] = []
        async with FlowRunSubscriber(run.id, straggler_timeout=1) as subscriber:
            now = utc_now()
            said = {"name": "a", "level": 20, "timestamp": now, "flow_run_id": run.id}
            for word in ("PENDING", "RUNNING", "COMPLETED"):
                await client.create_logs([LogCreate.model_validate(said | {"message": word})])
                body = {"state": {"type": word}}
                windlass_server.post(f"flow_runs/{run.id}/set_state", body)
            seen += [each async for each in subscriber]
    # Lines are streamed from when the server knows of the subscriber, which may be a moment later.
    assert "COMPLETED" in [each.message for each in seen if isinstance(each, Log)]
    assert [each.event for each in seen if isinstance(each, ReceivedEvent)] == [
        "prefect.flow-run.Pending",
        "prefect.flow-run.Running",
        "prefect.flow-run.Completed",
    ]


@flow(name="crows")
def crows(name: str = "crow") -> None: ...


def test_the_triggers_of_a_deployment_are_replaced_when_it_is_deployed_again(name: str) -> None:
    trigger = DeploymentEventTrigger(expect={"crow.called"}, parameters={"name": "{{ event.id }}"})
    for triggers, made in (([trigger, trigger], 2), ([trigger], 1), ([], 0)):
        crows.to_deployment(name, triggers=triggers).apply()
        listed = done("automation", "ls").out
        assert listed.count(f"{name}__automation_") == made


def test_triggers_are_declared_in_the_file_and_on_the_command_line(
    name: str, pool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows.py").write_text("from windlass import flow\n\n@flow\ndef greet(): ...\n")
    declared = {
        "name": name,
        "entrypoint": "flows.py:greet",
        "work_pool": {"name": pool},
        "triggers": [{"name": f"{name}-file", "expect": ["crow.called"]}],
    }
    (tmp_path / "windlass.yaml").write_text(yaml.safe_dump({"deployments": [declared]}))
    done("deploy", "--name", name)
    kept = inspected(f"{name}-file")
    assert (kept["trigger"]["expect"], kept["actions"][0]["type"]) == (
        ["crow.called"],
        "run-deployment",
    )
    done("deploy", "--name", name, "--trigger", json.dumps({"name": f"{name}-line"}))
    assert inspected(f"{name}-line")["enabled"]
    assert windlass("automation", "inspect", f"{name}-file").code == 1


def test_what_the_server_refuses_is_raised(name: str) -> None:
    action = {
        "type": "send-notification",
        "block_document_id": str(uuid7()),
        "body": "{{ unfinished",
    }
    said: dict[str, Any] = {"name": name, "trigger": {}, "actions": [action]}
    with pytest.raises(RequestInvalid, match=r"actions\[0\]\.body"):
        Automation.model_validate(said).create()
