"""Events as they are sent: those of task runs as a stock client sends them, and small ones.

Written down from what Prefect 3.6.7 sent for a task of a deployed flow: five related resources.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from windlass.ids import uuid7

STATES: Final = (("PENDING", "Pending"), ("RUNNING", "Running"), ("COMPLETED", "Completed"))


def task_run_events(flow_run: str) -> Iterator[bytes]:
    """The events of one task run after the other: Pending, Running, Completed. JSON.

    The flow run has to exist: the reference records no task run of one that does not.
    """
    related = _related(flow_run)
    while True:
        yield from _of_one_run(related)


def small_events(name: str) -> Iterator[bytes]:
    """Events of about 200 bytes, each of a resource of its own. JSON."""
    while True:
        yield json.dumps(event(name, f"{name}.{uuid4()}")).encode()


def event(name: str, resource: str) -> dict[str, Any]:
    """An event with nothing but what it must have."""
    return {
        "occurred": datetime.now(UTC).isoformat(),
        "event": name,
        "resource": {"prefect.resource.id": resource},
        "id": str(uuid7()),
    }


def _of_one_run(related: str) -> Iterator[bytes]:
    run, dynamic_key = uuid7(), uuid4()
    follows: UUID | None = None
    expected: str | None = None
    started: str | None = None
    for number, (type, name) in enumerate(STATES):
        id, now = uuid7(), datetime.now(UTC).isoformat()
        before = STATES[number - 1] if number else None
        expected = expected or now
        started = started or (now if type == "RUNNING" else None)
        times = {"expected_start_time": expected, "start_time": started}
        if type == "COMPLETED":
            times["end_time"] = now
        head = {
            "occurred": now,
            "event": f"prefect.task-run.{name}",
            "resource": {
                "prefect.resource.id": f"prefect.task-run.{run}",
                "prefect.resource.name": "double-101",
                "prefect.run-count": str(min(number, 1)),
                "prefect.state-message": "",
                "prefect.state-name": name,
                "prefect.state-timestamp": now,
                "prefect.state-type": type,
                "prefect.orchestration": "client",
            },
            "payload": _payload(type, name, before, str(dynamic_key), times),
            "id": str(id),
            "follows": follows and str(follows),
        }
        yield f'{json.dumps(head, separators=(",", ":"))[:-1]},"related":{related}}}'.encode()
        follows = id


def _payload(
    type: str,
    name: str,
    before: tuple[str, str] | None,
    dynamic_key: str,
    times: Mapping[str, str | None],
) -> dict[str, Any]:
    return {
        "intended": {"from": before and before[0], "to": type},
        "initial_state": before
        and {"type": before[0], "name": before[1], "message": "", "state_details": {}},
        "validated_state": {
            **{"type": type, "name": name, "message": "", "data": None},
            "state_details": {"untrackable_result": True} if type == "COMPLETED" else {},
        },
        "task_run": {
            "name": "double-101",
            "task_key": "double-9c0ef1ef",
            "dynamic_key": dynamic_key,
            "empirical_policy": {
                **{"max_retries": 0, "retry_delay_seconds": 0.0},
                **{"retries": 0, "retry_delay": 0},
            },
            "tags": [],
            "labels": {},
            "task_inputs": {"n": []},
            "run_count": 0 if type == "PENDING" else 1,
            "flow_run_run_count": 1,
            "total_run_time": 0.0,
            **{key: value for key, value in times.items() if value is not None},
        },
    }


def _related(flow_run: str) -> str:
    names = {
        **{"flow-run": "modest-flotilla", "flow": "double-everything", "deployment": "nightly"},
        **{"work-queue": "default", "work-pool": "process"},
    }
    ids = {"flow-run": flow_run}
    resources = [
        {
            "prefect.resource.id": f"prefect.{role}.{ids.get(role) or uuid7()}",
            "prefect.resource.role": role,
            "prefect.resource.name": name,
        }
        for role, name in names.items()
    ]
    return json.dumps(resources, separators=(",", ":"))
