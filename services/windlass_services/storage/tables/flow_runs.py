"""Flow runs, their states, their executions, and what may start now."""

from typing import Any, Final

import sqlalchemy as sa

from .common import Json, Timestamp, created, identity, metadata, partial_index, updated, workspace


def state_columns() -> list[sa.Column[Any]]:
    """The current state, on the row of its run: reading a run needs no history."""
    return [
        sa.Column("state_id", sa.Uuid),
        sa.Column("state_type", sa.Text),
        sa.Column("state_name", sa.Text),
        sa.Column("state_timestamp", Timestamp),
        sa.Column("state_message", sa.Text),
        sa.Column("state_details", Json),
        sa.Column("state_data", Json),
    ]


def run_columns() -> list[sa.Column[Any]]:
    """What flow runs and task runs keep alike. Times are moments, `total_run_time` is seconds."""
    return [
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("tags", Json, nullable=False),
        sa.Column("labels", Json, nullable=False),
        sa.Column("empirical_policy", Json, nullable=False),
        sa.Column("run_count", sa.Integer, nullable=False, server_default="0"),
        sa.Column("expected_start_time", Timestamp),
        sa.Column("next_scheduled_start_time", Timestamp),
        sa.Column("start_time", Timestamp),
        sa.Column("end_time", Timestamp),
        sa.Column("total_run_time", sa.Float, nullable=False, server_default="0"),
        *state_columns(),
    ]


flow_run = sa.Table(
    "flow_run",
    metadata,
    identity(),
    workspace(),
    sa.Column("flow_id", sa.Uuid, nullable=False),
    sa.Column("deployment_id", sa.Uuid),
    sa.Column("deployment_version", sa.Text),
    sa.Column("schedule_id", sa.Uuid),
    sa.Column("work_pool_id", sa.Uuid),
    sa.Column("work_queue_id", sa.Uuid),
    sa.Column("parent_task_run_id", sa.Uuid),
    sa.Column("flow_version", sa.Text),
    sa.Column("idempotency_key", sa.Text),
    sa.Column("parameters", Json, nullable=False),
    sa.Column("context", Json, nullable=False),
    sa.Column("job_variables", Json, nullable=False),
    sa.Column("infrastructure_document_id", sa.Uuid),
    sa.Column("infrastructure_pid", sa.Text),
    sa.Column("auto_scheduled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_by", Json),
    *run_columns(),
    sa.Column("execution_id", sa.Text),
    sa.Column("execution_generation", sa.Integer, nullable=False, server_default="0"),
    sa.Column("run_priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("blocking_reason", sa.Text),
    created(),
    updated(),
    sa.UniqueConstraint("workspace_id", "flow_id", "idempotency_key"),
    sa.Index(None, "workspace_id", "id"),
    sa.Index(None, "workspace_id", "name", "id"),
    sa.Index(None, "workspace_id", "flow_id", "id"),
    partial_index("workspace_id", "deployment_id", "id", where="deployment_id IS NOT NULL"),
    partial_index("workspace_id", "work_queue_id", "id", where="work_queue_id IS NOT NULL"),
    partial_index("workspace_id", "work_pool_id", "state_type", where="work_pool_id IS NOT NULL"),
    partial_index("workspace_id", "parent_task_run_id", where="parent_task_run_id IS NOT NULL"),
    sa.Index(None, "workspace_id", "state_type", "state_timestamp"),
    sa.Index(None, "workspace_id", "state_name", "state_timestamp"),
    sa.Index(None, "workspace_id", "expected_start_time", "id"),
    sa.Index(None, "workspace_id", "start_time", "id"),
    sa.Index(None, "workspace_id", "end_time", "id"),
    sa.Index(None, "workspace_id", "next_scheduled_start_time", "id"),
    partial_index("workspace_id", "flow_version", where="flow_version IS NOT NULL"),
    partial_index("workspace_id", "idempotency_key", where="idempotency_key IS NOT NULL"),
    sa.Index(
        "ix_flow_run__tags",
        "tags",
        postgresql_using="gin",
        postgresql_where=sa.text("tags <> '[]'"),
    ).ddl_if(dialect="postgresql"),
    partial_index(
        "deployment_id",
        "next_scheduled_start_time",
        where="state_type = 'SCHEDULED'",
        name="ix_flow_run__deployment_scheduled",
    ),
    partial_index(
        "next_scheduled_start_time",
        where="state_type = 'SCHEDULED'",
        name="ix_flow_run__next_scheduled",
    ),
)

flow_run_state = sa.Table(
    "flow_run_state",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("id", sa.Uuid, primary_key=True),
    workspace(),
    sa.Column("flow_run_id", sa.Uuid, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("timestamp", Timestamp, nullable=False),
    sa.Column("message", sa.Text),
    sa.Column("state_details", Json),
    sa.Column("data", Json),
    sa.Column("execution_id", sa.Text),
    created(),
    sa.Index(None, "flow_run_id", "timestamp"),
    postgresql_partition_by="RANGE (day)",
)
"""History. No foreign key: the partition of a day is dropped without looking at runs."""

execution = sa.Table(
    "execution",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    workspace(),
    sa.Column("flow_run_id", sa.Uuid, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("deployment_id", sa.Uuid),
    sa.Column("work_pool_id", sa.Uuid),
    sa.Column("work_queue_id", sa.Uuid),
    sa.Column("worker_name", sa.Text),
    sa.Column("request_id", sa.Uuid),
    sa.Column("opened_at", Timestamp, nullable=False),
    sa.Column("start_deadline", Timestamp),
    sa.Column("presented_at", Timestamp),
    sa.Column("leased", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("lease_expires_at", Timestamp),
    sa.Column("handle", Json),
    sa.Column("ended_at", Timestamp),
    sa.Column("exit_code", sa.Integer),
    sa.Column("end_reason", sa.Text),
    sa.UniqueConstraint("flow_run_id", "generation"),
    sa.Index(None, "request_id"),
    partial_index(
        "work_pool_id", "work_queue_id", where="ended_at IS NULL", name="ix_execution__live_pool"
    ),
    partial_index("deployment_id", where="ended_at IS NULL", name="ix_execution__live_deployment"),
    partial_index(
        "start_deadline",
        where="ended_at IS NULL AND presented_at IS NULL",
        name="ix_execution__start_deadline",
    ),
    partial_index(
        "lease_expires_at", where="ended_at IS NULL AND leased", name="ix_execution__lease"
    ),
)
"""Who may act for a run now, and who could before. A live row (`ended_at` is null) is a slot of its
deployment, queue and pool: occupied = live executions, there is no second count."""

HELD_BACK: Final = 2**62
NOT_DUE: Final = 2**63 - 1
_IN_LINE: Final = f"rank < {HELD_BACK}"
_NOT_IN_LINE: Final = f"rank >= {HELD_BACK}"
_HELD_BACK: Final = f"rank >= {HELD_BACK} AND rank < {NOT_DUE}"

dispatchable = sa.Table(
    "dispatchable",
    metadata,
    sa.Column("flow_run_id", sa.Uuid, primary_key=True),
    workspace(),
    sa.Column("work_pool_id", sa.Uuid, nullable=False),
    sa.Column("work_queue_id", sa.Uuid, nullable=False),
    sa.Column("deployment_id", sa.Uuid),
    sa.Column("run_priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("rank", sa.BigInteger, nullable=False),
    sa.Column("due_at", Timestamp, nullable=False),
    sa.Index(None, "work_pool_id", "due_at"),
    sa.Index(None, "work_queue_id", "due_at"),
    partial_index("work_queue_id", "run_priority", "rank", where=_IN_LINE),
    partial_index("work_queue_id", "deployment_id", "run_priority", "rank", where=_IN_LINE),
    partial_index("work_queue_id", "due_at", where=_NOT_IN_LINE, name="ix_dispatchable__arrivals"),
    partial_index(
        "deployment_id", "run_priority", "rank", where=_HELD_BACK, name="ix_dispatchable__held_back"
    ),
)
"""A row exists only while its run is scheduled and no execution of it is alive.

`rank` is the place of a run in the line of its queue and `run_priority`: a start-time-fair tag, the
lowest goes first (decision 19). From HELD_BACK on a run is not in line, since its deployment has no
slot for it, and keeps its place in the rest; NOT_DUE is in no line yet. Either comes in when it is
due, as a claim or a poll finds it.
"""

teardown = sa.Table(
    "teardown",
    metadata,
    sa.Column("execution_id", sa.Text, primary_key=True),
    workspace(),
    sa.Column("flow_run_id", sa.Uuid, nullable=False),
    sa.Column("work_pool_id", sa.Uuid, nullable=False),
    sa.Column("handle", Json, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt_at", Timestamp, nullable=False),
    sa.Column("last_error", sa.Text),
    sa.Column("given_up_at", Timestamp),
    created(),
    partial_index("work_pool_id", "next_attempt_at", where="given_up_at IS NULL"),
)
"""Infrastructure that has to go, of an execution that is over: a row until a worker of the pool
said that it is gone. One with `given_up_at` is a dead letter."""
