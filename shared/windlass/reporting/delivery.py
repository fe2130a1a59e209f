"""Lines on their way to a route: what became of them, and what is worth another try."""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from windlass.exceptions import ApiError, ServerUnreachable
from windlass.reporting.dead_letters import DeadLetters
from windlass.reporting.routes import Route
from windlass.schemas.base import JsonObject, JsonValue

_LONGEST_PAUSE: Final = 10.0
_WORTH_REPEATING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_ONE_LINE_IS_TO_BLAME: Final = frozenset({400, 413, 422})


class Post(Protocol):
    """Sends one body to one route. Raises ApiError if it is refused, or ServerUnreachable."""

    def __call__(self, path: str, body: JsonValue) -> None: ...


class Courier:
    """Posts lines. `is_away`: nobody answered at last."""

    def __init__(self, post: Post, refused: DeadLetters) -> None:
        self.is_away = False
        self._post = post
        self._refused = refused

    def send(self, route: Route, lines: Sequence[JsonObject]) -> tuple[int, Exception | None]:
        """How many of `lines`, from the first on, are settled; and the trouble, if not all are."""
        settling = Settling(route, lines, self._refused)
        while portion := settling.portion:
            try:
                self._post(route.path, route.body(portion))
            except Exception as error:
                self.is_away = isinstance(error, ServerUnreachable)
                if not settling.refused(error):
                    return settling.done, error
            else:
                self.is_away = False
                settling.arrived()
        return settling.done, None


class Settling:
    """Lines, and how many of them are settled: they arrived, or were refused for good.

    Send `portion` while there is one, and say what came of it. Of lines that are refused together
    fewer are sent at once, until it is known which of them is to blame: the others arrive.
    """

    def __init__(self, route: Route, lines: Sequence[JsonObject], refused: DeadLetters) -> None:
        self.done = 0
        self._route = route
        self._lines = list(lines)
        self._refused = refused
        self._size = len(self._lines)

    @property
    def portion(self) -> list[JsonObject]:
        """What to send next; nothing when all are settled."""
        return self._lines[self.done : self.done + self._size]

    def arrived(self) -> None:
        """The portion was acknowledged."""
        self.done += len(self.portion)
        self._size *= 2

    def refused(self, error: Exception) -> bool:
        """The portion was answered with `error`. False if that may pass: try again later."""
        if may_pass(error):
            return False
        portion = self.portion
        if len(portion) > 1 and _is_about_one_line(error):
            self._size = len(portion) // 2
        else:
            self._refused.bury(self._route.path, portion, error)
            self.done += len(portion)
        return True


def may_pass(error: Exception) -> bool:
    """Whether the same lines may be taken at another time."""
    if isinstance(error, ApiError):
        return error.details.get("status", error.status) in _WORTH_REPEATING
    return isinstance(error, ServerUnreachable)


def pauses() -> Iterator[float]:
    """Seconds between attempts, without end."""
    pause = 0.1
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE)


def _is_about_one_line(error: Exception) -> bool:
    if isinstance(error, ApiError):
        return error.details.get("status", error.status) in _ONE_LINE_IS_TO_BLAME
    return True
