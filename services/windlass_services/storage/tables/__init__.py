"""Every table, for both dialects. One Alembic tree and one SQLite snapshot follow from these."""

from .automations import automation, automation_related_resource, trigger_bucket
from .blocks import (
    block_document,
    block_document_reference,
    block_schema,
    block_schema_reference,
    block_type,
)
from .common import Json, TextArray, Timestamp, from_microseconds, metadata, to_microseconds
from .concurrency import concurrency_limit, slot_lease
from .control import (
    configuration,
    consumer_progress,
    csrf_token,
    deletion,
    outbox,
    partition_lease,
    service_beat,
    unpublished,
)
from .deployments import deployment, deployment_schedule
from .flow_runs import (
    HELD_BACK,
    NOT_DUE,
    dispatchable,
    execution,
    flow_run,
    flow_run_state,
    teardown,
)
from .flows import flow
from .history import event, log
from .records import (
    artifact,
    artifact_collection,
    flow_run_input,
    saved_search,
    variable,
)
from .run_counts import run_count
from .task_runs import task_delivery, task_run, task_run_state
from .work import task_worker, work_pool, work_queue, worker

PARTITIONED_BY_DAY = (flow_run_state, task_run_state, event, log)
"""History: one partition per day on PostgreSQL, plain tables on SQLite."""

__all__ = [
    "HELD_BACK",
    "NOT_DUE",
    "PARTITIONED_BY_DAY",
    "Json",
    "TextArray",
    "Timestamp",
    "artifact",
    "artifact_collection",
    "automation",
    "automation_related_resource",
    "block_document",
    "block_document_reference",
    "block_schema",
    "block_schema_reference",
    "block_type",
    "concurrency_limit",
    "configuration",
    "consumer_progress",
    "csrf_token",
    "deletion",
    "deployment",
    "deployment_schedule",
    "dispatchable",
    "event",
    "execution",
    "flow",
    "flow_run",
    "flow_run_input",
    "flow_run_state",
    "from_microseconds",
    "log",
    "metadata",
    "outbox",
    "partition_lease",
    "run_count",
    "saved_search",
    "service_beat",
    "slot_lease",
    "task_delivery",
    "task_run",
    "task_run_state",
    "task_worker",
    "teardown",
    "to_microseconds",
    "trigger_bucket",
    "unpublished",
    "variable",
    "work_pool",
    "work_queue",
    "worker",
]
