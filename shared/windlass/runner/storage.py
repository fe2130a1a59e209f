"""Public: where the code of flows is kept."""

from windlass.deployments.storage import (
    GitCredentials,
    GitRepository,
    RunnerStorage,
    create_storage_from_source,
)

__all__ = ["GitCredentials", "GitRepository", "RunnerStorage", "create_storage_from_source"]
