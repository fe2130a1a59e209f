"""Counts of runs that triggers keep up, and the indexes that every filter and order stops on.

Until it is over nothing is written to the tables of runs and logs; readers go on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003_0"
down_revision = "0002_0"

_INDEXES = {
    "ix_flow_run__workspace_id_next_scheduled_start_time_id": "flow_run"
    " (workspace_id, next_scheduled_start_time, id)",
    "ix_flow_run__workspace_id_flow_version": "flow_run (workspace_id, flow_version)"
    " WHERE flow_version IS NOT NULL",
    "ix_flow_run__workspace_id_idempotency_key": "flow_run (workspace_id, idempotency_key)"
    " WHERE idempotency_key IS NOT NULL",
    "ix_task_run__workspace_id_next_scheduled_start_time_id": "task_run"
    " (workspace_id, next_scheduled_start_time, id)",
    "ix_log__errors": "log (workspace_id, level, timestamp) WHERE level >= 40",
}
_ON_POSTGRESQL = {
    "ix_flow_run__began": "flow_run (workspace_id, coalesce(start_time, expected_start_time), id)",
    "ix_flow_run__created_by_id": "flow_run (workspace_id, (created_by ->> 'id'))"
    " WHERE created_by IS NOT NULL",
    "ix_flow_run__tags": "flow_run USING gin (tags) WHERE tags <> '[]'",
    "ix_task_run__tags": "task_run USING gin (tags) WHERE tags <> '[]'",
}


def upgrade() -> None:
    is_postgresql = op.get_context().dialect.name == "postgresql"
    op.create_table(
        "run_count",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("runs_of", sa.Text(), nullable=False),
        sa.Column("state_type", sa.Text()),
        sa.Column("runs", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_count")),
    )
    if is_postgresql:
        op.execute(_COUNT_CHANGES)
    for table in ("flow_run", "task_run"):
        triggers = _POSTGRESQL_TRIGGERS if is_postgresql else _SQLITE_TRIGGERS
        for trigger in triggers:
            op.execute(trigger.format(table=table))
        # The triggers hold off writers until the end of the transaction: none is counted twice.
        op.execute(_COUNT_ALL.format(table=table))
    for name, of in (_INDEXES | _ON_POSTGRESQL if is_postgresql else _INDEXES).items():
        op.execute(f"CREATE INDEX {name} ON {of}")


def downgrade() -> None:
    is_postgresql = op.get_context().dialect.name == "postgresql"
    for name in _INDEXES | _ON_POSTGRESQL if is_postgresql else _INDEXES:
        op.execute(f"DROP INDEX {name}")
    for table in ("flow_run", "task_run"):
        for when in ("insert", "update", "delete"):
            on = f" ON {table}" if is_postgresql else ""
            op.execute(f"DROP TRIGGER {table}_counted_{when}{on}")
    if is_postgresql:
        op.execute("DROP FUNCTION count_changes_of_runs")
    op.drop_table("run_count")


_COUNT_ALL = (
    "INSERT INTO run_count (workspace_id, runs_of, state_type, runs)"
    " SELECT workspace_id, '{table}', state_type, count(*) FROM {table}"
    " GROUP BY workspace_id, state_type"
)
_COUNT_CHANGES = """
CREATE OR REPLACE FUNCTION count_changes_of_runs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO run_count (workspace_id, runs_of, state_type, runs)
        SELECT workspace_id, TG_TABLE_NAME, state_type, count(*)
        FROM after_it GROUP BY workspace_id, state_type;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO run_count (workspace_id, runs_of, state_type, runs)
        SELECT workspace_id, TG_TABLE_NAME, state_type, -count(*)
        FROM before_it GROUP BY workspace_id, state_type;
    ELSE
        INSERT INTO run_count (workspace_id, runs_of, state_type, runs)
        SELECT workspace_id, TG_TABLE_NAME, state_type, sum(change) FROM (
            SELECT workspace_id, state_type, 1 AS change FROM after_it
            UNION ALL SELECT workspace_id, state_type, -1 FROM before_it
        ) AS changes GROUP BY workspace_id, state_type HAVING sum(change) <> 0;
    END IF;
    RETURN NULL;
END
$$"""
_POSTGRESQL_TRIGGERS = tuple(
    f"CREATE TRIGGER {{table}}_counted_{when.lower()} AFTER {when} ON {{table}}"
    f" REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION count_changes_of_runs()"
    for when, tables in (
        ("INSERT", "NEW TABLE AS after_it"),
        ("UPDATE", "OLD TABLE AS before_it NEW TABLE AS after_it"),
        ("DELETE", "OLD TABLE AS before_it"),
    )
)
_ADD = "INSERT INTO run_count (workspace_id, runs_of, state_type, runs) VALUES"
_SQLITE_TRIGGERS = (
    "CREATE TRIGGER {table}_counted_insert AFTER INSERT ON {table} BEGIN"
    f" {_ADD} (NEW.workspace_id, '{{table}}', NEW.state_type, 1); END",
    "CREATE TRIGGER {table}_counted_update AFTER UPDATE OF state_type ON {table}"
    " WHEN OLD.state_type IS NOT NEW.state_type BEGIN"
    f" {_ADD} (OLD.workspace_id, '{{table}}', OLD.state_type, -1),"
    " (NEW.workspace_id, '{table}', NEW.state_type, 1); END",
    "CREATE TRIGGER {table}_counted_delete AFTER DELETE ON {table} BEGIN"
    f" {_ADD} (OLD.workspace_id, '{{table}}', OLD.state_type, -1); END",
)
