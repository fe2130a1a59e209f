"""Which artifacts, and which latest artifacts of a key, a filter means."""

import sqlalchemy as sa

from windlass.schemas.filters.artifacts import ArtifactCollectionFilter, ArtifactFilter
from windlass_services.storage.filters.criteria import Clause, combine, on_column
from windlass_services.storage.filters.query import (
    Filters,
    flow_runs_matching,
    task_runs_matching,
)
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import artifact, artifact_collection, flow_run, task_run


def where_artifacts(asked: ArtifactFilter) -> Clause:
    """The clause on `artifact`."""
    return combine(asked, on_column(artifact.c.id, asked.id), *_on_both(artifact, asked))


def where_artifact_collections(asked: ArtifactCollectionFilter) -> Clause:
    """The clause on `artifact_collection`."""
    latest = on_column(artifact_collection.c.latest_id, asked.latest_id)
    return combine(asked, latest, *_on_both(artifact_collection, asked))


def made_by(scope: Scope, table: sa.Table, filters: Filters) -> Clause:
    """Artifacts of the workspace in one of the two tables, made by runs that match every filter."""
    clauses = [table.c.workspace_id == scope.workspace_id]
    of_flow_run = Filters(
        flows=filters.flows, flow_runs=filters.flow_runs, deployments=filters.deployments
    )
    if of_flow_run != Filters():
        runs = sa.select(flow_run.c.id).where(flow_runs_matching(scope, of_flow_run))
        clauses.append(table.c.flow_run_id.in_(runs.correlate(None)))
    if filters.task_runs is not None:
        of_task_run = task_runs_matching(scope, Filters(task_runs=filters.task_runs))
        runs = sa.select(task_run.c.id).where(of_task_run)
        clauses.append(table.c.task_run_id.in_(runs.correlate(None)))
    return sa.and_(*clauses)


def _on_both(
    table: sa.Table, asked: ArtifactFilter | ArtifactCollectionFilter
) -> list[Clause | None]:
    return [
        on_column(table.c.key, asked.key),
        on_column(table.c.flow_run_id, asked.flow_run_id),
        on_column(table.c.task_run_id, asked.task_run_id),
        on_column(table.c.type, asked.type),
    ]
