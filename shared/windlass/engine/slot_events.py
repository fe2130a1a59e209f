"""The events of slots: taken, and given back."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias
from uuid import UUID

from windlass.context import RunScope, current_scope
from windlass.engine.session import Session
from windlass.schemas.base import JsonObject

if TYPE_CHECKING:
    from windlass.schemas.concurrency_limits import MinimalConcurrencyLimitResponse

Phase: TypeAlias = Literal["acquired", "released"]
Labels: TypeAlias = Mapping[str, str]


def emit_slot_events(
    session: Session,
    phase: Phase,
    limits: Sequence["MinimalConcurrencyLimitResponse"],
    slots: int,
    *,
    task_run_id: UUID | None = None,
    follows: Mapping[UUID, UUID] | None = None,
) -> dict[UUID, UUID]:
    """Say of each limit that slots of it were acquired or released; returns ids by limit.

    `follows` is what came of saying that they were acquired. `task_run_id` is the run that took
    them, where that is not what the code is a part of.
    """
    scope = current_scope()
    emitted: dict[UUID, UUID] = {}
    for limit in limits:
        id = emitted[limit.id] = session.new_id()
        line: JsonObject = {
            "id": str(id),
            "event": f"prefect.concurrency-limit.{phase}",
            "occurred": session.now().isoformat(),
            "resource": {
                "prefect.resource.id": f"prefect.concurrency-limit.{limit.id}",
                "prefect.resource.name": limit.name,
                "slots-acquired": str(slots),
                "limit": str(limit.limit),
            },
        }
        if follows and limit.id in follows:
            line["follows"] = str(follows[limit.id])
        session.outbox.event(partial(_with_related, line, scope, task_run_id))
    return emitted


def _with_related(line: JsonObject, scope: RunScope, task_run_id: UUID | None) -> JsonObject:
    related = [*_of_flow_run(scope), *_of_task_run(scope, task_run_id)]
    return line | {"related": related}


def _of_flow_run(scope: RunScope) -> list[Labels]:
    if scope.flow is None:
        return []
    run = scope.flow.flow_run
    known = (
        ("flow", run.flow_id),
        ("deployment", run.deployment_id),
        ("work-queue", run.work_queue_id),
        ("work-pool", run.work_pool_id),
    )
    return [
        _labels("flow-run", run.id) | {"prefect.resource.name": run.name or ""},
        *(_labels(kind, id) for kind, id in known if id is not None),
    ]


def _of_task_run(scope: RunScope, task_run_id: UUID | None) -> list[Labels]:
    id = task_run_id or (None if scope.task is None else scope.task.record.id)
    return [] if id is None else [_labels("task-run", id)]


def _labels(kind: str, id: UUID) -> dict[str, str]:
    return {"prefect.resource.id": f"prefect.{kind}.{id}", "prefect.resource.role": kind}
