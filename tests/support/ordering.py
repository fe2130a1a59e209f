"""The order of the tests, where it saves time: it is by chance otherwise."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

LONG_FIRST: Final = (
    "tests/compat/journeys/test_j10_deployment_concurrency.py",
    "tests/scale/test_questions.py",
    "tests/compat/journeys/test_j09_global_concurrency.py",
    "tests/fuzz/test_whole_document.py",
    "tests/compat/journeys/test_j11_queue_priority.py",
    "tests/compat/journeys/test_j02_process_pool.py",
)
"""Files that take a minute and more. The last of them would leave one of two workers without work.

Those that wait stand beside those that calculate.
"""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files come first; in a file, tests marked `waits` after others on the same server."""
    ranks = {path: rank for rank, path in enumerate(LONG_FIRST)}
    places: dict[object, int] = {}
    for item in items:
        places.setdefault(_group(item), len(places))

    def key(item: pytest.Item) -> tuple[int, int, bool]:
        rank = ranks.get(_file(item), len(ranks))
        return rank, places[_group(item)], item.get_closest_marker("waits") is not None

    items.sort(key=key)


def _group(item: pytest.Item) -> tuple[str, object]:
    """What shares the server of a module."""
    parameters: Mapping[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
    return _file(item), parameters.get("windlass_server")


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
