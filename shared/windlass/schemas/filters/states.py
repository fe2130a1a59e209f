"""Which types of state a caller asks for."""

from windlass.schemas.base import Shape
from windlass.schemas.states import StateType


class AnyStateType(Shape):
    """One of these types of state."""

    any_: list[StateType] | None = None


class AnyOrNotAnyStateType(AnyStateType):
    """One of these types of state, and none of those."""

    not_any_: list[StateType] | None = None
