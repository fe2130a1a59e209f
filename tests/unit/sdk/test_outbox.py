"""What a process has to tell arrives, in order, and whatever happens meanwhile."""

import threading
from typing import Any

import pytest

from tests.support.waiting import wait_until
from windlass.clock import utc_now
from windlass.exceptions import Forbidden, PayloadTooLarge, RequestInvalid, ServerUnreachable
from windlass.ids import uuid7
from windlass.reporting.lanes import Limits
from windlass.reporting.outbox import Outbox
from windlass.reporting.records import Entered, Identity, TaskRunRecord
from windlass.schemas.base import JsonObject, JsonValue
from windlass.schemas.states import StateType

QUICK = Limits(batch=3, interval=0.0, capacity=100)


class Server:
    """Takes what is posted, unless it was told to raise."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.troubles: list[Exception] = []
        self.refuses: dict[str, Exception] = {}
        self.gate = threading.Event()
        self.gate.set()

    def post(self, path: str, body: JsonValue) -> None:
        assert self.gate.wait(10)
        if self.troubles:
            raise self.troubles.pop(0)
        messages = [line["message"] for line in body] if path == "/logs/" else []
        for message, error in self.refuses.items():
            if message in messages:
                raise error
        self.bodies.append(body)

    def messages(self) -> list[str]:
        return [line["message"] for body in self.bodies for line in body]


@pytest.fixture
def server() -> Server:
    return Server()


def opened(server: Server, *, reports: Limits = QUICK, logs: Limits = QUICK) -> Outbox:
    return Outbox(server.post, reports=reports, logs=logs)


def log(outbox: Outbox, *messages: str) -> None:
    for message in messages:
        outbox.log({"message": message})


def record(name: str = "run") -> TaskRunRecord:
    return TaskRunRecord(uuid7(), name, Identity(task_key="key", dynamic_key=name))


def enter(one: TaskRunRecord, outbox: Outbox, type: StateType) -> None:
    one.enter(Entered(uuid7(), type, type.value.capitalize(), utc_now()))
    outbox.report(one)


def test_lines_arrive_in_order_and_in_batches(server: Server) -> None:
    outbox = opened(server)
    server.gate.clear()
    log(outbox, *"abcdefg")
    server.gate.set()

    assert outbox.close(5)
    assert server.messages() == list("abcdefg")
    assert max(len(body) for body in server.bodies) <= 3


def test_a_batch_is_over_when_it_has_enough_bytes(server: Server) -> None:
    limits = Limits(batch=100, interval=0.0, capacity=100, batch_bytes=10)
    outbox = opened(server, logs=limits)
    server.gate.clear()
    log(outbox, *["x" * 6] * 5)
    server.gate.set()

    assert outbox.close(5)
    assert max(len(body) for body in server.bodies) == 2


def test_what_does_not_arrive_is_sent_again(server: Server) -> None:
    server.troubles = [ServerUnreachable(), ServerUnreachable()]
    outbox = opened(server)
    log(outbox, "a", "b")

    assert outbox.close(5)
    assert server.messages() == ["a", "b"]


@pytest.mark.parametrize("error", [RequestInvalid(), PayloadTooLarge(), TypeError("no JSON")])
def test_one_line_that_is_refused_takes_no_other_with_it(
    server: Server, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    server.refuses = {"bad": error}
    outbox = opened(server, logs=Limits(batch=10, interval=0.0, capacity=100))
    server.gate.clear()
    log(outbox, "a", "b", "bad", "c", "d")
    server.gate.set()

    assert outbox.close(5)
    assert server.messages() == ["a", "b", "c", "d"]
    assert "1 lines for /logs/ are lost" in capsys.readouterr().err


def test_lines_that_are_all_refused_are_lost_at_once(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.troubles = [Forbidden("not yours")]
    outbox = opened(server)
    log(outbox, "a", "b")

    assert outbox.close(5)
    assert server.messages() == []
    assert "not yours" in capsys.readouterr().err


def test_draining_waits_for_what_was_there_before(server: Server) -> None:
    outbox = opened(server, logs=Limits(batch=10, interval=60.0, capacity=100))
    log(outbox, "first")
    assert outbox.drain(5)
    log(outbox, "second")

    assert outbox.drain(5)
    assert server.messages() == ["first", "second"]
    outbox.close(5)


def test_draining_gives_up_in_time(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    outbox = opened(server)
    server.gate.clear()
    log(outbox, "late")

    assert not outbox.drain(0.01)
    assert not outbox.close(0.01)
    assert "did not reach the server" in capsys.readouterr().err
    server.gate.set()


def test_an_empty_outbox_needs_no_thread(server: Server) -> None:
    outbox = opened(server)

    assert outbox.drain(0)
    assert outbox.close(0)


def test_logs_beyond_the_capacity_are_dropped_and_counted(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    outbox = opened(server, logs=Limits(batch=1, interval=0.0, capacity=2))
    server.gate.clear()
    log(outbox, *"abcdef")
    server.gate.set()

    assert outbox.close(5)
    assert "log lines were dropped" in capsys.readouterr().err


def test_runs_beyond_the_capacity_wait(server: Server) -> None:
    outbox = opened(server, reports=Limits(batch=1, interval=0.0, capacity=1))
    server.gate.clear()
    runs = [record(str(number)) for number in range(4)]
    thread = threading.Thread(
        target=lambda: [enter(one, outbox, StateType.PENDING) for one in runs]
    )
    thread.start()
    wait_until(lambda: runs[1].is_queued, description="the second run")
    assert runs[3].entered is None
    server.gate.set()
    thread.join(10)

    assert outbox.close(5)
    assert [report["name"] for body in server.bodies for report in body["reports"]] == list("0123")


def test_the_states_of_a_run_go_into_one_report(server: Server) -> None:
    outbox, one = opened(server), record()
    server.gate.clear()
    for type in (StateType.PENDING, StateType.RUNNING, StateType.COMPLETED):
        enter(one, outbox, type)
    server.gate.set()

    assert outbox.close(5)
    [body] = server.bodies
    [report] = body["reports"]
    assert [state["name"] for state in report["states"]] == ["Pending", "Running", "Completed"]


def test_no_state_is_lost_between_two_reports(server: Server) -> None:
    outbox = opened(server)
    runs = [record(str(number)) for number in range(50)]

    def live(one: TaskRunRecord) -> None:
        for type in (StateType.PENDING, StateType.RUNNING, StateType.COMPLETED):
            enter(one, outbox, type)

    threads = [threading.Thread(target=live, args=(one,)) for one in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outbox.close(10)
    told: dict[str, list[str]] = {}
    for body in server.bodies:
        for report in body["reports"]:
            told.setdefault(report["name"], []).extend(s["name"] for s in report["states"])
    assert told == {one.name: ["Pending", "Running", "Completed"] for one in runs}


def test_an_event_that_cannot_be_made_is_lost_alone(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    outbox = opened(server)

    def broken() -> JsonObject:
        raise ValueError("no")

    for make in (broken, lambda: {"event": "x"}):
        outbox.event(make)
    assert outbox.close(5)
    assert server.bodies == [[{"event": "x"}]]
    assert "an event is lost: ValueError: no" in capsys.readouterr().err
