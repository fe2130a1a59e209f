"""Events over HTTP: sent in batches, listed by page."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx

from windlass.clock import utc_now


def event(number: int = 0, **fields: Any) -> dict[str, Any]:
    """An event as a client sends it; one of a higher number occurred later."""
    occurred = utc_now() - timedelta(minutes=5) + timedelta(seconds=number)
    return {
        "id": str(uuid4()),
        "occurred": occurred.isoformat(),
        "event": f"done.{number}",
        "resource": {"prefect.resource.id": "a"},
        **fields,
    }


async def send(api: httpx.AsyncClient, *events: dict[str, Any]) -> None:
    assert (await api.post("/events", json=list(events))).status_code == 204


async def test_an_event_that_is_sent_twice_is_stored_once(api: httpx.AsyncClient) -> None:
    one = event()
    await send(api, one, one)
    await send(api, one)
    page = (await api.post("/events/filter", json={})).json()
    assert (page["total"], page["next_page"]) == (1, None)
    assert [found["id"] for found in page["events"]] == [one["id"]]


async def test_a_token_leads_through_every_page(api: httpx.AsyncClient) -> None:
    await send(api, *(event(number) for number in range(5)))
    page = (await api.post("/events/filter", json={"limit": 2})).json()
    names = [found["event"] for found in page["events"]]
    while page["next_page"]:
        assert page["total"] == 5
        # What happens meanwhile shifts nothing.
        await send(api, event(occurred=(utc_now() + timedelta(milliseconds=1)).isoformat()))
        page = (await api.get(page["next_page"])).json()
        names += [found["event"] for found in page["events"]]
    assert names == [f"done.{number}" for number in (4, 3, 2, 1, 0)]


async def test_a_filter_goes_on_over_pages(api: httpx.AsyncClient) -> None:
    await send(api, *(event(number) for number in range(4)), event(9, event="other"))
    asked = {"filter": {"event": {"prefix": ["done"]}, "order": "ASC"}, "limit": 3}
    page = (await api.post("/events/filter", json=asked)).json()
    assert [found["event"] for found in page["events"]] == ["done.0", "done.1", "done.2"]
    page = (await api.get(page["next_page"])).json()
    assert [found["event"] for found in page["events"]] == ["done.3"]


async def test_what_is_no_page_token_is_refused(api: httpx.AsyncClient) -> None:
    for text in ("nonsense", "e30=", "ü"):
        refused = await api.get("/events/filter/next", params={"page-token": text})
        assert refused.status_code == 403, text


async def test_what_is_no_event_is_refused(api: httpx.AsyncClient) -> None:
    refused = await api.post("/events", json=[event(), event(resource={"no": "id"})])
    assert refused.status_code == 422
    assert (await api.post("/events/filter", json={})).json()["total"] == 0


async def test_events_are_counted(api: httpx.AsyncClient) -> None:
    await send(api, event(0), event(1), event(2, event="done.1"))
    everything: dict[str, Any] = {"filter": {}}
    for by, groups in (
        ("event", [("done.1", 2), ("done.0", 1)]),
        ("resource", [("a", 3)]),
    ):
        counted = (await api.post(f"/events/count-by/{by}", json=everything)).json()
        assert [(group["label"], group["count"]) for group in counted] == groups
    days = (await api.post("/events/count-by/day", json=everything)).json()
    assert (len(days), sum(day["count"] for day in days)) == (181, 3)
    since = (utc_now() - timedelta(hours=2)).isoformat()
    asked: dict[str, Any] = {
        "filter": {"occurred": {"since": since}},
        "time_unit": "hour",
        "time_interval": 2,
    }
    hours = (await api.post("/events/count-by/time", json=asked)).json()
    assert sum(interval["count"] for interval in hours) == 3
    for by, wanted in (("colour", everything), ("time", {**asked, "time_unit": "second"})):
        assert (await api.post(f"/events/count-by/{by}", json=wanted)).status_code == 422
