"""Task workers: processes that run background tasks."""

from windlass.schemas.base import Shape, Timestamp


class TaskWorkerFilter(Shape):
    """Workers that run all of these tasks."""

    task_keys: list[str]


class TaskWorkerQuery(Shape):
    """The body of the route that lists task workers."""

    task_worker_filter: TaskWorkerFilter | None = None


class TaskWorkerResponse(Shape):
    """A task worker, the tasks that it runs, and when it was last there."""

    identifier: str
    task_keys: list[str]
    timestamp: Timestamp
