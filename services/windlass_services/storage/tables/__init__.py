"""Every table, for both dialects. One Alembic tree and one SQLite snapshot follow from these."""

from .common import Json, TextArray, Timestamp, from_microseconds, metadata, to_microseconds
from .control import configuration, consumer_progress, outbox, partition_lease, service_beat
from .deployments import deployment, deployment_schedule
from .flow_runs import dispatchable, execution, flow_run, flow_run_state
from .flows import flow
from .history import event, log
from .task_runs import task_run, task_run_state
from .work import work_pool, work_queue, worker

PARTITIONED_BY_DAY = (flow_run_state, task_run_state, event, log)
"""History: one partition per day on PostgreSQL, plain tables on SQLite."""

__all__ = [
    "PARTITIONED_BY_DAY",
    "Json",
    "TextArray",
    "Timestamp",
    "configuration",
    "consumer_progress",
    "deployment",
    "deployment_schedule",
    "dispatchable",
    "event",
    "execution",
    "flow",
    "flow_run",
    "flow_run_state",
    "from_microseconds",
    "log",
    "metadata",
    "outbox",
    "partition_lease",
    "service_beat",
    "task_run",
    "task_run_state",
    "to_microseconds",
    "work_pool",
    "work_queue",
    "worker",
]
