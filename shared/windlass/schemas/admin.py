"""What the routes for administrators take."""

from windlass.schemas.base import Shape


class DatabaseChange(Shape):
    """The body of the routes that create, clear or drop the database.

    Nothing is done unless `confirm` is true.
    """

    confirm: bool = False
