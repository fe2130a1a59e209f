"""The recorder: task runs are what their events say."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import from_json

from windlass.schemas.states import StateType
from windlass_services.events.rows import TASK_RUN_RECORDER, partition_day
from windlass_services.orchestration.context import ServiceContext
from windlass_services.storage.scope import Scope
from windlass_services.storage.task_run_records import TaskRunRecord
from windlass_services.streams.protocol import Delivery

GROUP: Final = TASK_RUN_RECORDER
_PREFIX: Final = "prefect.task-run."


class Recorder:
    """Handles batches of events; those that are not a client's task-run states pass it by."""

    def __init__(self, services: ServiceContext) -> None:
        self._services = services

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Record a batch of messages. Handling a batch twice changes nothing."""
        await self.record([from_json(delivery.message.body) for delivery in deliveries])

    async def record(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Record events in one transaction, whether they came as messages or from the table."""
        records = [task_run_record(event) for event in events if is_recorded(event)]
        if records:
            await self._services.database.hot.record_task_runs(Scope(), records)


def is_recorded(event: Mapping[str, Any]) -> bool:
    """Whether the event is a state of a task run that its client orchestrates."""
    return (
        event["event"].startswith(_PREFIX)
        and event["resource"].get("prefect.orchestration") == "client"
        and "task_run" in event["payload"]
    )


def task_run_record(event: Mapping[str, Any]) -> TaskRunRecord:
    """The record that a `prefect.task-run.<State name>` event asks for.

    Raises `KeyError` or `ValueError` when the event is not formed as stock clients form it.
    """
    payload, resource = event["payload"], event["resource"]
    run, state = payload["task_run"], payload["validated_state"]
    occurred = datetime.fromisoformat(event["occurred"])
    details: dict[str, Any] = state.get("state_details") or {}
    task_run_id = _id_in(resource["prefect.resource.id"])
    flow_run_id = _flow_run_id(event["related"])
    return TaskRunRecord(
        id=task_run_id,
        flow_run_id=flow_run_id,
        name=run["name"],
        task_key=run["task_key"],
        dynamic_key=run["dynamic_key"],
        task_version=run.get("task_version"),
        cache_key=run.get("cache_key"),
        tags=run.get("tags", []),
        labels=run.get("labels", {}),
        task_inputs=run.get("task_inputs", {}),
        empirical_policy=run.get("empirical_policy", {}),
        run_count=run.get("run_count", 0),
        flow_run_run_count=run.get("flow_run_run_count", 0),
        expected_start_time=_moment(run.get("expected_start_time")),
        start_time=_moment(run.get("start_time")),
        end_time=_moment(run.get("end_time")),
        total_run_time=float(run.get("total_run_time") or 0.0),
        state_id=UUID(event["id"]),
        state_type=StateType(state["type"]).value,
        state_name=state["name"],
        state_timestamp=occurred,
        state_message=state.get("message") or None,
        state_details=details
        | {
            "task_run_id": str(task_run_id),
            "flow_run_id": str(flow_run_id) if flow_run_id else None,
        },
        state_data=state.get("data"),
        # Not by the clock of now: a replay must find the row that is there.
        day=partition_day(occurred, datetime.fromisoformat(event["received"])),
    )


def _id_in(resource_id: str) -> UUID:
    return UUID(resource_id.rpartition(".")[2])


def _flow_run_id(related: Sequence[Mapping[str, str]]) -> UUID | None:
    for item in related:
        if item.get("prefect.resource.role") == "flow-run":
            return _id_in(item["prefect.resource.id"])
    return None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
