"""Carry out a description: the same effects in the same order, whatever the driver.

A driver sends an effect's answer back into the description, and throws in what the effect raised.
The four differ in how they call user code: straight, awaited, or handing on what it yields.
"""

from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Generic, TypeVar, cast

from windlass.engine.calls import AsyncStream, CallUser
from windlass.engine.effects import Abandoned, Description, Effect
from windlass.engine.session import Session

T = TypeVar("T")


def drive(description: Description[T], session: Session) -> T:
    """Carry out a description of a plain function."""
    turn = _Turn(description)
    while (effect := turn.effect()) is not None:
        try:
            turn.answer = effect.perform(session)
        except BaseException as error:
            turn.error = error
    return turn.result


async def drive_async(description: Description[T], session: Session) -> T:
    """Carry out a description of a coroutine function."""
    turn = _Turn(description)
    while (effect := turn.effect()) is not None:
        try:
            turn.answer = await effect.perform_async(session)
        except BaseException as error:
            turn.error = error
    return turn.result


def drive_generator(description: Description[T], session: Session) -> Generator[Any, Any, T]:
    """Carry out a description of a generator function, and yield what that yields."""
    turn = _Turn(description)
    while (effect := turn.effect()) is not None:
        try:
            if isinstance(effect, CallUser):
                turn.answer = yield from effect.stream()
            else:
                turn.answer = effect.perform(session)
        except BaseException as error:
            turn.error = error
    return turn.result


async def drive_async_generator(
    description: Description[T], session: Session, conclude: Callable[[T], object]
) -> AsyncGenerator[Any, Any]:
    """Carry out a description of an async generator function, and yield what that yields.

    Such a generator returns nothing: `conclude` is called with what the description returned.
    """
    turn = _Turn(description)
    while (effect := turn.effect()) is not None:
        try:
            if isinstance(effect, CallUser):
                stream = AsyncStream(effect)
                while (step := await stream.step()) is not None:
                    try:
                        stream.sent = yield step[0]
                    except BaseException as thrown:
                        stream.error = thrown
            else:
                turn.answer = await effect.perform_async(session)
        except BaseException as error:
            turn.error = error
    conclude(turn.result)


class _Turn(Generic[T]):
    """Where a description has got to: the last effect's answer or error, or what it returned."""

    __slots__ = ("_description", "answer", "error", "result")

    result: T

    def __init__(self, description: Description[T]) -> None:
        self._description = description
        self.answer: Any = None
        self.error: BaseException | None = None

    def effect(self) -> Effect[Any] | None:
        """The next effect; None at the end. Raises what the description raises."""
        answer, error = self.answer, self.error
        self.answer = self.error = None
        try:
            if error is None:
                return self._description.send(answer)
            if isinstance(error, GeneratorExit):
                error = Abandoned()
            return self._description.throw(error)
        except StopIteration as end:
            self.result = cast("T", end.value)
            return None
