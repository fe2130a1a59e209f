"""Public: what comes in for a flow run, one value after the other."""

from collections.abc import Callable, Collection
from time import monotonic
from typing import Generic, Self, TypedDict, TypeVar
from uuid import UUID

from windlass.engine.effects import Description, Sleep
from windlass.engine.here import carry_out, carry_out_async, carry_out_sync
from windlass.engine.questions import Ask
from windlass.engine.session import Session
from windlass.input.actions import ensure_flow_run_id
from windlass.schemas.flow_run_inputs import FlowRunInput, FlowRunInputQuery

R = TypeVar("R")


class Receiving(TypedDict, total=False):
    """What can be said about what is received; None is the same as not given."""

    timeout: float | None
    """Seconds to wait for each value (3600); None: as long as it takes."""
    poll_interval: float
    """Seconds between two looks (10)."""
    raise_timeout_error: bool
    """Whether an iteration ends with TimeoutError when nothing came, instead of just ending."""
    exclude_keys: Collection[str] | None
    """The keys of values that were seen before."""
    key_prefix: str | None
    """How the keys begin, unless as the type of the values says."""
    flow_run_id: UUID | None
    """The run that they were sent to, unless it is the one that is active."""


class GetInputHandler(Generic[R]):
    """An iterator over what a flow run was sent, from the first value on; for `async for` too."""

    def __init__(
        self, to_instance: Callable[[FlowRunInput], R], key_prefix: str, options: Receiving
    ) -> None:
        self.key_prefix = options.get("key_prefix") or key_prefix
        self.timeout = options.get("timeout", 3600.0)
        self.poll_interval = options.get("poll_interval", 10.0)
        self.raise_timeout_error = options.get("raise_timeout_error", False)
        self.exclude_keys = set(options.get("exclude_keys") or ())
        self.flow_run_id = ensure_flow_run_id(options.get("flow_run_id"))
        self.to_instance = to_instance

    def next(self) -> R:
        """The next value; to be awaited in asynchronous code. Raises TimeoutError."""
        return carry_out(self._next)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> R:
        try:
            return carry_out_sync(self._next)
        except TimeoutError:
            if self.raise_timeout_error:
                raise
            raise StopIteration from None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> R:
        try:
            return await carry_out_async(self._next)
        except TimeoutError:
            if self.raise_timeout_error:
                raise
            raise StopAsyncIteration from None

    def _next(self, _: Session) -> Description[R]:
        deadline = None if self.timeout is None else monotonic() + self.timeout
        while True:
            asked = FlowRunInputQuery(
                prefix=self.key_prefix, exclude_keys=sorted(self.exclude_keys)
            )
            found = yield from Ask(
                lambda server, asked=asked: server.filter_flow_run_input(self.flow_run_id, asked)
            )
            for one in found:
                self.exclude_keys.add(one.key)
                return self.to_instance(one)
            left = self.poll_interval if deadline is None else deadline - monotonic()
            if left <= 0:
                raise TimeoutError(f"No input came in for {self.timeout:g} seconds.")
            yield from Sleep(min(self.poll_interval, left))
