"""What the control plane opened, on both sets of backends, as the tests of the API have it."""

from tests.unit.api.conftest import (
    api,
    backends,
    client,
    migrated_template,
    postgres_url,
    services,
    wire,
)

__all__ = [
    "api",
    "backends",
    "client",
    "migrated_template",
    "postgres_url",
    "services",
    "wire",
]
