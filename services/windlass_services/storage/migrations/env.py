"""Where Alembic starts: migrates over the connection that `storage.schema` hands over."""

import re

from alembic import context

from windlass_services.storage.tables import PARTITIONED_BY_DAY, metadata

_PARTITION = re.compile(
    rf"({'|'.join(table.name for table in PARTITIONED_BY_DAY)})_(default|\d{{8}})"
)


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Partitions belong to their table, and are not compared with anything."""
    return not (kind == "table" and name is not None and _PARTITION.fullmatch(name))


_dialect: str = context.config.attributes["dialect"]
context.configure(
    connection=context.config.attributes.get("connection"),
    dialect_name=_dialect,
    literal_binds=context.is_offline_mode(),
    target_metadata=metadata,
    include_name=_is_ours,
    render_as_batch=_dialect == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
