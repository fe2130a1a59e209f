"""The routes of dead letters, on both sets of backends."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.unit.api.conftest import ADDRESS
from windlass.client._async.client import WindlassClient
from windlass.exceptions import RequestInvalid
from windlass_services.api.app import create_app
from windlass_services.api.context import ApiContext
from windlass_services.events.rows import EVENTS_TOPIC
from windlass_services.orchestration.context import ServiceContext
from windlass_services.streams.open import open_streams
from windlass_services.streams.protocol import Delivery, Message

PATH = "/admin/dead_letters"


async def set_aside(services: ServiceContext, *ids: str, body: bytes = b"{}") -> None:
    for id in ids:
        delivery = Delivery(EVENTS_TOPIC, 0, "1-1", Message("run", id, body))
        await services.streams.dead_letter(delivery, f"ValueError: {id}")


@pytest.fixture
async def cut_off(services: ServiceContext) -> AsyncGenerator[httpx.AsyncClient]:
    """An API whose broker does not answer."""
    streams = open_streams("redis://127.0.0.1:1/0")
    app = create_app(ApiContext.over(replace(services, streams=streams)))
    wire = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=wire, base_url=ADDRESS) as client:
        yield client
    await streams.close()


async def test_dead_letters_are_listed_newest_first(
    services: ServiceContext, client: WindlassClient
) -> None:
    assert await client.read_dead_letters() == []
    await set_aside(services, "a", body=b'{"event": "seen"}')
    await set_aside(services, "b", body=b"\xff")
    listed = await client.read_dead_letters()
    assert [(letter.id, letter.topic, letter.reason, letter.body) for letter in listed] == [
        ("b", EVENTS_TOPIC, "ValueError: b", None),
        ("a", EVENTS_TOPIC, "ValueError: a", {"event": "seen"}),
    ]
    assert [letter.id for letter in await client.read_dead_letters(EVENTS_TOPIC, 1)] == ["b"]
    with pytest.raises(RequestInvalid, match="no topic 'else'"):
        await client.read_dead_letters("else")


async def test_chosen_dead_letters_are_redriven_or_all(
    services: ServiceContext, client: WindlassClient
) -> None:
    await set_aside(services, "a", "b", "c")
    assert await client.redrive_dead_letters(["b", "none"]) == 1
    assert [letter.id for letter in await client.read_dead_letters()] == ["c", "a"]
    assert await client.redrive_dead_letters([]) == 0
    assert await client.redrive_dead_letters(None, EVENTS_TOPIC) == 2
    assert await client.read_dead_letters() == []


@pytest.mark.parametrize("asked", [{}, {"ids": ["a"], "all": True}, {"all": False}])
async def test_which_ones_to_redrive_has_to_be_said(
    api: httpx.AsyncClient, asked: dict[str, Any]
) -> None:
    assert (await api.post(f"{PATH}/redrive", json=asked)).status_code == 422


async def test_while_the_broker_is_away_the_server_is_busy(cut_off: httpx.AsyncClient) -> None:
    assert (await cut_off.post(f"{PATH}/filter", json={})).status_code == 503
    refused = await cut_off.post(f"{PATH}/redrive", json={"all": True})
    assert (refused.status_code, refused.json()["code"]) == (503, "busy")
