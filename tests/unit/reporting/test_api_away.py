"""What a process tells while the API is away arrives when it is back: all of it, and in order."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.waiting import wait_until
from tests.unit.reporting.conftest import API_URL, QUICK, Api, killed, log, new_spool
from windlass.exceptions import RequestInvalid, ServerBusy
from windlass.reporting.lanes import Limits
from windlass.reporting.outbox import Outbox
from windlass.reporting.routes import EVENTS_ROUTE, LOGS_ROUTE
from windlass.reporting.spool import Spool, left_behind

LOG_AND_DIE = """
import os, signal, sys, time
from pathlib import Path
from windlass.exceptions import ServerUnreachable
from windlass.reporting.outbox import Outbox
from windlass.reporting.routes import LOGS_ROUTE
from windlass.reporting.spool import Spool

def post(path, body):
    raise ServerUnreachable("nobody is there")

spool = Spool(Path(sys.argv[1]), {"api_url": sys.argv[2], "execution_id": None})
outbox = Outbox(post, spool=spool)
for number in range(5000):
    outbox.log({"message": str(number)})
while (file := spool.file(LOGS_ROUTE)) is None or file.size < 5000:
    time.sleep(0.001)
os.kill(os.getpid(), signal.SIGKILL)
"""


def is_spooled(spool: Spool) -> Callable[[], bool]:
    return lambda: spool.holds(LOGS_ROUTE)


def left_messages(folder: Path) -> list[str]:
    """What is left in the one spool that is there: adopted, and removed."""
    [left] = left_behind(folder, API_URL, lambda _: True)
    file = left.file(LOGS_ROUTE)
    assert file is not None
    lines = file.head(10_000).lines
    left.remove()
    return [line["message"] for line in lines]


def test_an_api_that_answers_costs_no_file(api: Api, outbox: Outbox, folder: Path) -> None:
    log(outbox, "a")
    assert outbox.drain(5)
    assert api.messages() == ["a"]
    assert not folder.exists()


@pytest.mark.parametrize("is_busy", [True, False])
def test_everything_arrives_in_order_once_the_api_is_back(
    api: Api, outbox: Outbox, spool: Spool, is_busy: bool
) -> None:
    api.is_away = not is_busy
    if is_busy:
        api.refuses["a"] = ServerBusy(retry_after=0.01)
    log(outbox, *"abcd")
    wait_until(is_spooled(spool), description="the spool")
    log(outbox, *"efgh")
    assert not outbox.drain(0.01)
    api.is_away, api.refuses = False, {}
    log(outbox, *"ij")
    assert outbox.drain(10)
    assert api.messages() == list("abcdefghij")
    log(outbox, "k")
    assert outbox.close(5)
    assert api.messages() == list("abcdefghijk")
    assert not spool.folder.exists()


def test_what_is_not_told_in_time_is_left_in_the_spool(
    api: Api, outbox: Outbox, spool: Spool, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.is_away = True
    log(outbox, *"abcd")
    assert not outbox.close(0.01)
    assert str(spool.folder) in capsys.readouterr().err
    assert left_messages(folder) == list("abcd")


def test_what_an_api_holds_up_is_left_in_the_spool_as_well(folder: Path) -> None:
    gate = threading.Event()

    def post(path: str, body: object) -> None:
        gate.wait(20)

    spool = new_spool(folder)
    outbox = Outbox(post, logs=QUICK, spool=spool)
    log(outbox, *"abcd")
    assert not outbox.close(0.01)
    gate.set()
    assert left_messages(folder) == list("abcd")


def test_a_process_that_is_killed_while_the_api_is_away_leaves_its_lines(folder: Path) -> None:
    killed(LOG_AND_DIE, str(folder), API_URL)
    messages = left_messages(folder)
    assert len(messages) >= 1_000
    assert messages == [str(number) for number in range(len(messages))]


def test_logs_beyond_the_bound_are_dropped_and_events_wait(
    api: Api, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spool = new_spool(folder, most_bytes=400)
    outbox = Outbox(api.post, logs=Limits(batch=1, interval=0.0, capacity=5), spool=spool)
    api.is_away = True
    for number in range(3):
        outbox.event(lambda number=number: {"event": "x" * 400, "number": number})
        wait_until(lambda: spool.holds(EVENTS_ROUTE), description="the first event")
    log(outbox, *"abcdefghijklmn")
    assert not outbox.drain(0.2)
    file = spool.file(EVENTS_ROUTE)
    assert file is not None
    assert file.size < 800  # one of them
    api.is_away = False
    assert outbox.close(10)
    numbers = [line["number"] for body in api.bodies for line in body if "number" in line]
    assert numbers == [0, 1, 2]
    assert "log lines were dropped" in capsys.readouterr().err


def test_what_is_refused_goes_to_the_dead_letters_and_blocks_nothing(
    api: Api, outbox: Outbox, spool: Spool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.is_away = True
    api.refuses = {"bad": RequestInvalid("no such level"), "worse": RequestInvalid("too long")}
    log(outbox, "a", "bad", "b", "worse", "c")
    wait_until(is_spooled(spool), description="the spool")
    api.is_away = False
    log(outbox, "d")
    assert outbox.close(10)
    assert api.messages() == ["a", "b", "c", "d"]
    letters = [json.loads(path.read_bytes()) for path in sorted((tmp_path / "refused").iterdir())]
    assert [letter["lines"] for letter in letters] == [[{"message": "bad"}], [{"message": "worse"}]]
    assert "no such level" in letters[0]["reason"]
    said = capsys.readouterr().err
    assert said.count("no such level") == 1
    assert "refused 2 lines" in said


def test_where_nothing_can_be_written_all_stays_in_memory(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    outbox = Outbox(api.post, logs=QUICK, spool=new_spool(tmp_path / "file" / "spool"))
    api.is_away = True
    log(outbox, *"abcd")
    wait_until(lambda: "cannot be written" in capsys.readouterr().err, description="the complaint")
    api.is_away = False
    assert outbox.close(10)
    assert api.messages() == list("abcd")
