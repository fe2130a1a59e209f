"""Routes answer as FastAPI would answer for the same declarations."""

from typing import Annotated, Any

import httpx
import pytest
from pydantic import BaseModel
from starlette.requests import Request
from starlette.types import Message

from tests.unit.api.conftest import ADDRESS
from windlass.exceptions import ObjectNotFound
from windlass_services.api.declaring import Body, Header, Provided, Query, Routes
from windlass_services.api.direct import Direct
from windlass_services.api.document import document_app


class Thing(BaseModel):
    """A body, and an answer."""

    name: str
    size: int = 1


router = Routes(prefix="/things")


async def told(request: Request) -> str:
    return request.headers.get("x-told", "nothing")


@router.post("/", status_code=201)
async def create(thing: Thing) -> Thing:
    return thing


@router.get("/first")
async def first() -> str:
    return "first"


@router.get("/searched")
async def searched(
    limit: int,
    name: Annotated[list[str] | None, Query()] = None,
    page: Annotated[int, Query(alias="the-page")] = 1,
    x_told: Annotated[bool, Header()] = False,
) -> list[Any]:
    return [limit, name, page, x_told]


@router.get("/{number}")
async def read(number: int, heard: Annotated[str, Provided(told)]) -> dict[str, Any]:
    if number == 0:
        raise ObjectNotFound("There is no thing 0.")
    return {"number": number, "heard": heard}


@router.get("/below/{where:path}")
async def below(where: str) -> str:
    return where


@router.put("/{number}", status_code=204)
async def replace(number: int, thing: Annotated[Thing | None, Body()] = None) -> None:
    del number, thing


@router.post("/{number}/echo")
async def echo(number: int, request: Request, things: list[Thing]) -> int:
    return number + len(things) + len(await request.body())


def ours() -> httpx.AsyncClient:
    app = Direct([("/api", router)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ADDRESS)


def theirs() -> httpx.AsyncClient:
    app = document_app([router], "/api")
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ADDRESS)


@pytest.mark.parametrize(
    "request_",
    [
        ("POST", "/things/", {"json": {"name": "a", "more": 1}}),
        ("POST", "/things/", {"json": {"name": "a", "size": "large"}}),
        ("POST", "/things/", {"content": b'{"name": '}),
        ("POST", "/things/", {"content": b""}),
        ("POST", "/things/", {"content": b'{"name": "a"}', "headers": {"content-type": "text/x"}}),
        ("POST", "/things", {"json": {"name": "a"}}),
        ("GET", "/things/first", {}),
        ("GET", "/things/searched?limit=3", {}),
        ("GET", "/things/searched?limit=3&name=a&name=b&the-page=2", {}),
        ("GET", "/things/searched?limit=3", {"headers": {"x-told": "true"}}),
        ("GET", "/things/searched", {}),
        ("GET", "/things/searched?limit=few", {}),
        ("GET", "/things/7", {"headers": {"x-told": "something"}}),
        ("GET", "/things/seven", {}),
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
    async with ours() as client:
        mine = await client.request(method, path, **sent)
    async with theirs() as client:
        wanted = await client.request(method, path, **sent)
    assert mine.status_code == wanted.status_code
    assert mine.headers.get("location") == wanted.headers.get("location")
    if mine.is_success or mine.status_code in (404, 405):
        assert mine.content == wanted.content
    if mine.status_code == 422:
        [problem], [known] = mine.json()["exception_detail"], wanted.json()["detail"]
        assert problem["loc"][:2] == known["loc"][: len(problem["loc"])][:2]
        assert problem["msg"]


async def test_an_error_of_ours_is_its_status() -> None:
    async with ours() as client:
        answered = await client.get("/things/0")
    assert (answered.status_code, answered.json()["code"]) == (404, "not_found")


async def test_a_malformed_request_is_shown_what_is_wrong_with_it() -> None:
    async with ours() as client:
        answered = await client.post("/things/", json={"size": "large"})
        unreadable = await client.post("/things/", content=b'{"name": ')
    assert answered.json()["exception_message"] == "Invalid request received."
    assert answered.json()["request_body"] == {"size": "large"}
    places = [problem["loc"] for problem in answered.json()["exception_detail"]]
    assert places == [["body", "name"], ["body", "size"]]
    assert unreadable.json()["request_body"] == '{"name": '


async def test_the_description_is_served(api: httpx.AsyncClient) -> None:
    described = (await api.get("/openapi.json")).json()
    assert "/api/flows/filter" in described["paths"]


async def test_who_hangs_up_in_the_middle_of_the_body_is_no_error() -> None:
    heard: list[Message] = []
    told: list[Message] = [
        {"type": "http.request", "body": b'{"name":', "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return told.pop(0)

    async def send(message: Message) -> None:
        heard.append(message)

    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/things/", "headers": []}
    await Direct([("", router)])(scope, receive, send)
    assert not told
    assert not heard
