"""Public: marks on arguments that say how the engine treats them."""

from dataclasses import dataclass
from typing import Generic, Self, TypeVar, final

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BaseAnnotation(Generic[T]):
    """A value with a mark."""

    value: T

    def unwrap(self) -> T:
        """The value without the mark."""
        return self.value

    def rewrap(self, value: T) -> Self:
        """The same mark on another value."""
        return type(self)(value)


class unmapped(BaseAnnotation[T]):
    """The same for every run that `map` makes, even if it can be iterated over.

    The runs share the one object: it is not copied.
    """

    __slots__ = ()


class allow_failure(BaseAnnotation[T]):
    """A future or state that may have failed: the run then gets its exception as the value."""

    __slots__ = ()


class quote(BaseAnnotation[T]):
    """Passed as it is: not searched for futures and states, which takes long in a large object."""

    __slots__ = ()

    def unquote(self) -> T:
        """The value without the mark."""
        return self.value


@final
class NotSet:
    """In place of a value that was not given, where None is a value."""
