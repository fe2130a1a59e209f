"""Where Alembic starts: migrates over the connection that `storage.schema` hands over."""

from alembic import context

from windlass_services.storage.migrations.comparing import (
    is_in_tables,
    is_on_sqlite,
    written_type,
)
from windlass_services.storage.tables import metadata

_dialect: str = context.config.attributes["dialect"]
context.configure(
    connection=context.config.attributes.get("connection"),
    dialect_name=_dialect,
    literal_binds=context.is_offline_mode(),
    target_metadata=metadata,
    include_name=is_in_tables,
    include_object=is_on_sqlite if _dialect == "sqlite" else None,
    render_item=written_type,
    render_as_batch=_dialect == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
