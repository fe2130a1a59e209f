"""Public: what else is a part of an event: the run it was emitted from, and all around that."""

from collections.abc import Iterable
from functools import lru_cache
from uuid import UUID

from windlass.context import RunScope, current_scope
from windlass.engine.ports import Orchestration
from windlass.engine.process import current_session
from windlass.exceptions import ApiError, ServerUnreachable
from windlass.schemas.events import RESOURCE_ID, RESOURCE_NAME, RESOURCE_ROLE, RelatedResource


def tags_as_related_resources(tags: Iterable[str]) -> list[RelatedResource]:
    """One resource for each tag, in order of the alphabet."""
    return [
        RelatedResource({RESOURCE_ID: f"prefect.tag.{tag}", RESOURCE_ROLE: "tag"})
        for tag in sorted(set(tags))
    ]


def object_as_related_resource(kind: str, role: str, id: UUID, name: str | None) -> RelatedResource:
    """``prefect.<kind>.<id>`` in a role, with its name where it is known."""
    labels = {RESOURCE_ID: f"prefect.{kind}.{id}", RESOURCE_ROLE: role}
    return RelatedResource(labels | ({RESOURCE_NAME: name} if name else {}))


def related_resources_from_run_context(exclude: set[str] | None = None) -> list[RelatedResource]:
    """The runs that this code is a part of, their flow, deployment, pool, queue and tags.

    None of those whose ids are in `exclude`. It may ask the API for the name of the deployment.
    """
    return related_to(current_scope(), current_session().orchestration, exclude or set())


def related_to(
    scope: RunScope, orchestration: Orchestration, exclude: set[str]
) -> list[RelatedResource]:
    """`related_resources_from_run_context` of another place than this one."""
    flow, task = scope
    found: list[RelatedResource] = []
    tags: set[str] = set()
    if flow is not None:
        run = flow.flow_run
        tags |= set(run.tags)
        found.append(object_as_related_resource("flow-run", "flow-run", run.id, run.name))
    if task is not None:
        record = task.record
        tags |= set(task.task_run.tags)
        found.append(object_as_related_resource("task-run", "task-run", record.id, record.name))
    if flow is not None:
        run = flow.flow_run
        found.append(object_as_related_resource("flow", "flow", run.flow_id, flow.flow.name))
        if run.deployment_id is not None:
            name = _deployment_name(orchestration, run.deployment_id)
            made = object_as_related_resource("deployment", "deployment", run.deployment_id, name)
            found.append(made)
        for role, id, name in (
            ("work-queue", run.work_queue_id, run.work_queue_name),
            ("work-pool", run.work_pool_id, run.work_pool_name),
        ):
            if id is not None:
                found.append(object_as_related_resource(role, role, id, name))
    found += tags_as_related_resources(tags)
    return [each for each in found if each.id not in exclude]


@lru_cache(maxsize=64)
def _known_deployment_name(orchestration: Orchestration, deployment_id: UUID) -> str:
    # What is to be told must not wait here: it could not even be spooled meanwhile.
    return orchestration.read_deployment(deployment_id, patiently=False).name


def _deployment_name(orchestration: Orchestration, deployment_id: UUID) -> str | None:
    try:
        return _known_deployment_name(orchestration, deployment_id)
    except (ApiError, ServerUnreachable):
        return None
