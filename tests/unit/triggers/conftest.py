"""What the control plane opened, on both sets of backends, as the tests of the API have it."""

from tests.unit.api.conftest import (
    api,
    backends,
    client,
    services,
    wire,
)

__all__ = [
    "api",
    "backends",
    "client",
    "services",
    "wire",
]
