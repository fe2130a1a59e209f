"""The engine's questions on the wire, and its patience."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from windlass.engine.http import HttpOrchestration
from windlass.engine.ports import Proposal
from windlass.exceptions import (
    ObjectNotFound,
    PayloadTooLarge,
    ServerBusy,
    ServerUnreachable,
    Superseded,
)
from windlass.ids import uuid7
from windlass.schemas.flow_runs import FlowRunCreate, FlowRunUpdate
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.states import StateCreate, StateType

ID = uuid7()
RUN: dict[str, Any] = {"id": str(ID), "name": "brisk-otter", "flow_id": str(ID)}


class Wire:
    """A server that answers with what it was given, and keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        self.asked.append((request.method, request.url.path, body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def server(
    wire: Callable[[httpx.Request], httpx.Response],
    *,
    first_contact: float = 5.0,
    patience: float = 5.0,
) -> HttpOrchestration:
    return HttpOrchestration(
        "http://test/api/",
        wire=httpx.MockTransport(wire),
        first_contact=first_contact,
        patience=patience,
    )


def ok(body: Any) -> httpx.Response:
    return httpx.Response(200, json=body)


def test_a_flow_is_asked_for_once() -> None:
    wire = Wire(httpx.Response(201, json={"id": str(ID), "name": "etl"}))
    orchestration = server(wire)

    assert orchestration.flow_id("etl") == orchestration.flow_id("etl") == ID
    assert wire.asked == [("POST", "/api/flows/", {"name": "etl"})]


def test_a_run_is_created_with_what_was_said() -> None:
    wire = Wire(httpx.Response(201, json=RUN))

    run = server(wire).create_flow_run(FlowRunCreate(flow_id=ID, tags=["a"]))

    assert run.name == "brisk-otter"
    assert wire.asked == [("POST", "/api/flow_runs/", {"flow_id": str(ID), "tags": ["a"]})]


def test_an_update_says_only_what_changes() -> None:
    wire = Wire(httpx.Response(204))

    server(wire).update_flow_run(ID, FlowRunUpdate(name="new"))

    assert wire.asked == [("PATCH", f"/api/flow_runs/{ID}", {"name": "new"})]


def test_a_state_is_asked_for_with_the_execution_and_the_request() -> None:
    answer = {"state": None, "status": "ABORT", "details": {"type": "abort_details"}}
    wire, request_id = Wire(ok(answer)), uuid7()

    result = server(wire).propose_flow_run_state(
        Proposal(
            flow_run_id=ID,
            state=StateCreate(type=StateType.RUNNING),
            request_id=request_id,
            execution_id=f"{ID}.1",
            leased=True,
        )
    )

    assert result.status is SetStateStatus.ABORT
    [(method, path, body)] = wire.asked
    assert (method, path) == ("POST", f"/api/flow_runs/{ID}/set_state")
    assert body["state"]["type"] == "RUNNING"
    assert body["execution_id"] == f"{ID}.1"
    assert body["leased"] is True
    assert body["request_id"] == str(request_id)


def test_a_question_is_repeated_until_it_is_answered() -> None:
    busy = httpx.Response(503, headers={"Retry-After": "0"}, json={"code": "busy"})
    wire = Wire(ok(RUN), httpx.ConnectError("refused"), httpx.ReadError("reset"), busy, ok(RUN))
    orchestration = server(wire)

    orchestration.read_flow_run(ID)
    orchestration.read_flow_run(ID)

    assert len(wire.asked) == 5


def test_patience_is_short_before_the_first_answer() -> None:
    orchestration = server(Wire(httpx.ConnectError("refused")), first_contact=-1.0)

    with pytest.raises(ServerUnreachable, match=r"http://test/api .*WINDLASS_API_URL"):
        orchestration.read_flow_run(ID)


def test_patience_has_an_end() -> None:
    busy = httpx.Response(503, json={"code": "busy"})
    orchestration = server(Wire(ok(RUN), busy), patience=-1.0)
    orchestration.read_flow_run(ID)

    with pytest.raises(ServerBusy):
        orchestration.read_flow_run(ID)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (404, "not_found", ObjectNotFound),
        (409, "superseded", Superseded),
        (413, "too_large", PayloadTooLarge),
    ],
)
def test_a_refusal_is_the_exception_that_the_server_raised(
    status: int, code: str, error: type[Exception]
) -> None:
    refusal = httpx.Response(status, json={"code": code, "detail": "why"})

    with pytest.raises(error, match="why"):
        server(Wire(refusal)).read_flow_run(ID)


def test_reports_are_posted_once_since_the_outbox_repeats() -> None:
    wire = Wire(httpx.ConnectError("refused"))

    with pytest.raises(ServerUnreachable):
        server(wire).post("/logs/", [])
    assert len(wire.asked) == 1


def test_a_lease_is_renewed_with_one_attempt() -> None:
    leases = [{"execution_id": "a.1", "intent": "cancel", "lease_seconds": 30}]
    wire = Wire(ok({"leases": leases}), httpx.ConnectError("refused"))
    orchestration = server(wire)

    assert orchestration.renew_leases(["a.1"]).leases[0].intent == "cancel"
    with pytest.raises(ServerUnreachable):
        orchestration.renew_leases(["a.1"])
    assert wire.asked[0] == (
        "POST",
        "/api/executions/renew",
        {"renewals": [{"execution_id": "a.1"}]},
    )


def test_what_is_known_of_the_trouble_is_said() -> None:
    orchestration = HttpOrchestration(
        "http://test/api",
        wire=httpx.MockTransport(Wire(httpx.ConnectError("refused"))),
        first_contact=-1.0,
        explain=lambda: "The embedded server ended.",
    )

    with pytest.raises(ServerUnreachable, match="The embedded server ended"):
        orchestration.read_flow_run(ID)


def test_a_server_that_asks_for_a_csrf_token_is_sent_one() -> None:
    refused = httpx.Response(403, json={"code": "csrf_token_needed", "detail": "Missing."})
    wire = Wire(refused, ok({"token": "t"}), ok({"id": str(ID)}), ok(RUN))
    orchestration = server(wire)

    assert orchestration.flow_id("etl") == ID
    orchestration.create_flow_run(FlowRunCreate(flow_id=ID))
    methods = [(method, path) for method, path, _ in wire.asked]
    assert methods == [
        ("POST", "/api/flows/"),
        ("GET", "/api/csrf-token"),
        ("POST", "/api/flows/"),
        ("POST", "/api/flow_runs/"),
    ]
