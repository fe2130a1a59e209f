"""The direct lane answers as FastAPI does without it."""

from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRouter
from pydantic import BaseModel

from tests.unit.api.conftest import ADDRESS
from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass_services.api.direct_lane import DirectLane
from windlass_services.api.errors import add_error_handlers
from windlass_services.api.routes import ROUTERS


class Thing(BaseModel):
    """A body, and an answer."""

    name: str
    size: int = 1


router = APIRouter(prefix="/things")


async def told(request: Request) -> str:
    return request.headers.get("x-told", "nothing")


@router.post("/", status_code=201)
async def create(thing: Thing) -> Thing:
    return thing


@router.get("/first")
async def first() -> str:
    return "first"


@router.get("/searched")
async def searched(limit: int) -> int:
    return limit


@router.get("/{number}")
async def read(number: int, heard: str = Depends(told)) -> dict[str, Any]:
    if number == 0:
        raise ObjectNotFound("There is no thing 0.")
    return {"number": number, "heard": heard}


@router.get("/below/{where:path}")
async def below(where: str) -> str:
    return where


@router.put("/{number}", status_code=204)
async def replace(number: int, thing: Thing | None = None) -> None:
    del number, thing


@router.post("/{number}/echo")
async def echo(number: int, request: Request, things: list[Thing]) -> int:
    return number + len(things) + len(await request.body())


def caller(*, with_lane: bool) -> httpx.AsyncClient:
    app = FastAPI(strict_content_type=False)
    if with_lane:
        app.add_middleware(DirectLane, routes=[*router.routes], prefix="/api")
    add_error_handlers(app)
    app.include_router(router, prefix="/api")
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ADDRESS)


@pytest.mark.parametrize(
    "request_",
    [
        ("POST", "/things/", {"json": {"name": "a", "more": 1}}),
        ("POST", "/things/", {"json": {"size": "large"}}),
        ("POST", "/things/", {"content": b'{"name": '}),
        ("POST", "/things/", {"content": b""}),
        ("POST", "/things/", {"content": b'{"name": "a"}', "headers": {"content-type": "text/x"}}),
        ("POST", "/things", {"json": {"name": "a"}}),
        ("GET", "/things/first", {}),
        ("GET", "/things/searched?limit=3", {}),
        ("GET", "/things/searched?limit=few", {}),
        ("GET", "/things/7", {"headers": {"x-told": "something"}}),
        ("GET", "/things/seven", {}),
        ("GET", "/things/0", {}),
        ("GET", "/things/below/a", {}),
        ("GET", "/things/below/a/b", {}),
        ("DELETE", "/things/7", {}),
        ("GET", "/things/7/else", {}),
        ("PUT", "/things/7", {}),
        ("PUT", "/things/7", {"json": None}),
        ("PUT", "/things/7", {"json": {"name": "a"}}),
        ("POST", "/things/7/echo", {"json": [{"name": "a"}, {"name": "b"}]}),
        ("POST", "/things/7/echo", {"json": {"name": "a"}}),
    ],
)
async def test_the_answer_is_the_same(request_: tuple[str, str, dict[str, Any]]) -> None:
    method, path, sent = request_
    answers: list[tuple[int, bytes, str]] = []
    for with_lane in (True, False):
        async with caller(with_lane=with_lane) as client:
            answered = await client.request(method, path, **sent)
        kind = answered.headers.get("content-type", "") if answered.content else ""
        answers.append((answered.status_code, answered.content, kind))
    assert answers[0] == answers[1]


async def test_the_lane_is_taken() -> None:
    passed_on: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        del receive, send
        passed_on.append(scope["path"])

    lane = DirectLane(app, [*router.routes], "/api")
    transport = httpx.ASGITransport(app=lane)
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
        made = await client.post("/things/", json={"name": "a"})
        with pytest.raises(AssertionError):
            await client.get("/things/searched")
    assert made.json() == {"name": "a", "size": 1}
    assert passed_on == ["/api/things/searched"]


async def test_the_hot_routes_are_plain(api: httpx.AsyncClient) -> None:
    del api
    lane = DirectLane(FastAPI(), [one for r in ROUTERS for one in r.routes], "/api")
    for path in (
        "/task_runs/report",
        "/logs/",
        f"/flow_runs/{uuid7()}/set_state",
        "/flow_runs/",
        "/work_pools/pool/claim",
        f"/deployments/{uuid7()}/create_flow_run",
    ):
        assert lane.takes("POST", f"/api{path}"), path
