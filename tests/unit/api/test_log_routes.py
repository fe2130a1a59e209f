"""Log lines over HTTP, on both sets of backends."""

from datetime import UTC, datetime
from typing import Any

import httpx

from windlass.ids import uuid7


def line(**fields: Any) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    return {"name": "a.logger", "level": 20, "message": "hello", "timestamp": now, **fields}


async def stored(api: httpx.AsyncClient) -> list[str]:
    return [log["message"] for log in (await api.post("/logs/filter", json={})).json()]


async def test_a_line_with_an_id_is_stored_once_however_often_it_is_sent(
    api: httpx.AsyncClient,
) -> None:
    lines = [line(id=str(uuid7()), message=message) for message in "ab"]
    for _ in range(2):
        assert (await api.post("/logs/", json=lines)).status_code == 201
    assert (await stored(api)) == ["a", "b"]


async def test_lines_without_ids_are_as_many_as_are_sent(api: httpx.AsyncClient) -> None:
    lines = [line(), line()]
    for _ in range(2):
        assert (await api.post("/logs/", json=lines)).status_code == 201
    assert (await stored(api)) == ["hello"] * 4
