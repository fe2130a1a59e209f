"""Concurrency limits as the stock package manages, takes and holds them."""

import json
from itertools import pairwise
from typing import Any

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def limits(stock: Stock) -> list[str]:
    """What the stock CLI said when it made the limits."""
    return stock.commands(
        ["gcl", "create", "one", "--limit", "1"],
        ["gcl", "create", "rate", "--limit", "1", "--slot-decay-per-second", "4"],
        ["concurrency-limit", "create", "db", "1"],
    )


@pytest.fixture(scope="module")
def held(stock: Stock, limits: list[str]) -> dict[str, Any]:
    """What the script saw that held slots of the limits."""
    assert len(limits) == 3
    return json.loads(stock.script("limited.py").splitlines()[-1])


def test_the_cli_makes_shows_changes_and_deletes_limits(stock: Stock) -> None:
    name = ["gcl", "inspect", "mine", "--output", "json"]
    said = stock.commands(
        ["gcl", "create", "mine", "--limit", "2", "--active-slots", "1"],
        name,
        ["gcl", "update", "mine", "--limit", "5", "--disable"],
        name,
        ["gcl", "enable", "mine"],
        ["gcl", "ls"],
        ["gcl", "delete", "mine"],
    )
    assert "Created global concurrency limit with name 'mine'" in said[0]
    made, changed = json.loads(said[1]), json.loads(said[3])
    assert (made["limit"], made["active_slots"], made["active"]) == (2, 1, True)
    assert (changed["limit"], changed["active"]) == (5, False)
    assert "mine" in said[5]


def test_the_cli_manages_limits_of_tags(stock: Stock) -> None:
    said = stock.commands(
        ["concurrency-limit", "create", "spare", "3"],
        ["concurrency-limit", "inspect", "spare", "--output", "json"],
        ["concurrency-limit", "ls"],
        ["gcl", "inspect", "tag:spare", "--output", "json"],
        ["concurrency-limit", "reset", "spare"],
        ["concurrency-limit", "delete", "spare"],
    )
    shown = json.loads(said[1])
    assert (shown["tag"], shown["concurrency_limit"], shown["active_slots"]) == ("spare", 3, [])
    assert "spare" in said[2]
    assert json.loads(said[3])["id"] == shown["id"]


@pytest.mark.parametrize("how", ["sync", "async", "tag"])
def test_who_holds_the_only_slot_is_alone(held: dict[str, Any], how: str) -> None:
    spans = sorted(held["spans"][how])
    assert len(spans) == 3
    for (_, end), (start, _) in pairwise(spans):
        assert end <= start


def test_a_rate_limit_lets_pass_what_decay_frees(held: dict[str, Any]) -> None:
    assert held["seen"]["rate"] >= 0.7


def test_what_does_not_work_is_the_error_that_it_is_elsewhere(held: dict[str, Any]) -> None:
    assert held["seen"] | {"rate": None} == {
        "rate": None,
        "too late": "AcquireConcurrencySlotTimeoutError",
        "strict": "ConcurrencySlotAcquisitionError",
        "no decay": "ConcurrencySlotAcquisitionError",
    }


def test_everything_is_given_back_and_told(stock: Stock, held: dict[str, Any]) -> None:
    assert held
    for name in ("one", "tag:db"):
        assert stock.server.get(f"v2/concurrency_limits/{name}")["active_slots"] == 0
    id = stock.server.get("v2/concurrency_limits/tag:db")["id"]
    wanted = {"event": {"prefix": ["prefect.concurrency-limit."]}}
    resource = f"prefect.concurrency-limit.{id}"

    def told() -> bool:
        asked = {"filter": {**wanted, "resource": {"id": [resource]}}, "limit": 50}
        return stock.server.post("events/filter", asked)["total"] == 6

    wait_until(told, timeout=PATIENCE, description="three slots acquired and three released")
