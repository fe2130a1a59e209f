"""What the hot operations read: columns and joins, the same text for both dialects."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from windlass.schemas.deployments import Deployment
from windlass.schemas.executions import ClaimedRun
from windlass.schemas.flows import Flow
from windlass_services.storage.flow_run_rows import flow_run_from_row
from windlass_services.storage.hot.codec import Field, Fields, FieldsOf, Row
from windlass_services.storage.hot.decide import (
    DEPLOYMENT_PREFIX,
    EXECUTION_PREFIX,
    FACT_COLUMNS,
    FACT_DEPLOYMENT_COLUMNS,
    FACT_EXECUTION_COLUMNS,
    FACT_POOL_COLUMNS,
    LIVE_EXECUTIONS,
    POOL_PREFIX,
    VERSION,
    infrastructure_retry_from_row,
)
from windlass_services.storage.tables import (
    deployment,
    execution,
    flow,
    flow_run,
)

_FLOW_PREFIX: Final = "flow__"


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT as far as its joins, and how its rows are read."""

    text: str
    fields: Fields


def facts_query(fields_of: FieldsOf, version: str = "0") -> Query:
    """Everything that a decision looks at, of flow runs `r`; `version` tells one row from the
    next, where the dialect has such an expression."""
    live = (
        "CASE WHEN d.concurrency_limit IS NULL THEN 0 ELSE (SELECT count(*) FROM execution x"
        " WHERE x.deployment_id = d.id AND x.ended_at IS NULL) END"
    )
    return _query(
        fields_of,
        ("r", FACT_COLUMNS, ""),
        ("e", FACT_EXECUTION_COLUMNS, EXECUTION_PREFIX),
        ("d", FACT_DEPLOYMENT_COLUMNS, DEPLOYMENT_PREFIX),
        ("p", FACT_POOL_COLUMNS, POOL_PREFIX),
        plain={LIVE_EXECUTIONS: live, VERSION: version},
        joins="flow_run r LEFT JOIN execution e ON e.id = r.execution_id"
        " LEFT JOIN deployment d ON d.id = r.deployment_id"
        " LEFT JOIN work_pool p ON p.id = r.work_pool_id",
    )


def flow_runs_query(fields_of: FieldsOf) -> Query:
    """Flow runs `r` as `flow_run_from_row` reads them."""
    return _query(
        fields_of,
        ("r", tuple(flow_run.columns), ""),
        plain=_NAMES,
        joins=f"flow_run r {_NAMES_JOINS}",
    )


def flows_query(fields_of: FieldsOf) -> Query:
    """Flows `f` as `flow_from_row` reads them."""
    return _query(fields_of, ("f", tuple(flow.columns), ""), plain={}, joins="flow f")


def claimed_query(fields_of: FieldsOf) -> Query:
    """Executions `e` and all that a worker needs to start them."""
    return _query(
        fields_of,
        ("r", tuple(flow_run.columns), ""),
        ("e", (execution.c.id, execution.c.start_deadline), EXECUTION_PREFIX),
        ("f", tuple(flow.columns), _FLOW_PREFIX),
        ("d", tuple(deployment.columns), DEPLOYMENT_PREFIX),
        ("p", FACT_POOL_COLUMNS, POOL_PREFIX),
        plain=_NAMES,
        joins="execution e JOIN flow_run r ON r.id = e.flow_run_id JOIN flow f ON f.id = r.flow_id"
        f" LEFT JOIN deployment d ON d.id = r.deployment_id {_NAMES_JOINS}",
    )


_NAMES: Final = {"work_pool_name": "p.name", "work_queue_name": "q.name"}
_NAMES_JOINS: Final = (
    "LEFT JOIN work_pool p ON p.id = r.work_pool_id"
    " LEFT JOIN work_queue q ON q.id = r.work_queue_id"
)


def claimed_run_from_row(row: Row, lease: timedelta, now: datetime) -> ClaimedRun:
    """What a worker is given for a decoded row of `claimed_query`."""
    of_deployment = _unprefixed(row, DEPLOYMENT_PREFIX)
    return ClaimedRun(
        execution_id=row[EXECUTION_PREFIX + "id"],
        flow_run=flow_run_from_row(row, now),
        flow=Flow.model_validate(_unprefixed(row, _FLOW_PREFIX)),
        deployment=None
        if of_deployment["id"] is None
        else Deployment.model_validate(of_deployment | {"work_pool_name": row["work_pool_name"]}),
        start_deadline=row[EXECUTION_PREFIX + "start_deadline"],
        lease_seconds=lease.total_seconds(),
        infrastructure_retry=infrastructure_retry_from_row(row),
    )


def _unprefixed(row: Row, prefix: str) -> Row:
    return {
        name.removeprefix(prefix): value for name, value in row.items() if name.startswith(prefix)
    }


def _query(
    fields_of: FieldsOf,
    *parts: tuple[str, tuple[sa.Column[Any], ...], str],
    plain: dict[str, str],
    joins: str,
) -> Query:
    """A SELECT of `parts` (alias, columns, prefix of their names) and of `plain` expressions."""
    selected: list[str] = []
    fields: list[Field] = []
    for alias, columns, prefix in parts:
        selected += [f"{alias}.{column.name} AS {prefix}{column.name}" for column in columns]
        fields += fields_of(columns, prefix)
    selected += [f"{expression} AS {name}" for name, expression in plain.items()]
    fields += [Field(name, None, None) for name in plain]
    return Query(f"SELECT {', '.join(selected)} FROM {joins}", tuple(fields))
