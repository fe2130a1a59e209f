"""Lists that are longer than one answer of the server."""

from collections.abc import Sequence

import pytest

from windlass.cli.paging import every, first


class Server:
    """Numbers in windows of at most `most`; refuses to be asked for more."""

    def __init__(self, count: int, most: int) -> None:
        self._numbers = range(count)
        self._most = most

    def read(self, offset: int, size: int | None) -> Sequence[int]:
        """A window; None is the server's own size."""
        assert size is None or size <= self._most
        return self._numbers[offset : offset + (self._most if size is None else size)]


@pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 1000])
@pytest.mark.parametrize("most", [7, 200, 500])
def test_everything_is_read(count: int, most: int) -> None:
    assert list(every(Server(count, most).read)) == list(range(count))


@pytest.mark.parametrize("wanted", [1, 15, 200, 201, 999])
def test_no_more_is_read_than_wanted(wanted: int) -> None:
    assert first(wanted, Server(500, 200).read) == list(range(min(wanted, 500)))
