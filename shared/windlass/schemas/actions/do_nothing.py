"""The action `do-nothing`."""

from typing import Literal

from windlass.schemas.base import Shape


class DoNothing(Shape):
    """Do nothing: for trying out a trigger."""

    type: Literal["do-nothing"] = "do-nothing"
