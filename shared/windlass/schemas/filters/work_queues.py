"""Which work queues a caller asks for."""

from windlass.schemas.filters.criteria import AnyId, AnyText, Operated, Pattern, Window


class WorkQueueFilterId(AnyId):
    """By id."""


class WorkQueueFilterName(AnyText):
    """By name, or by how it begins."""

    startswith_: list[Pattern] | None = None


class WorkQueueFilter(Operated):
    """Work queues for which these criteria hold."""

    id: WorkQueueFilterId | None = None
    name: WorkQueueFilterName | None = None


class WorkQueueQuery(Window):
    """The body of the routes that list work queues."""

    work_queues: WorkQueueFilter | None = None
