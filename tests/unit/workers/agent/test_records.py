"""Runs that a dead worker left behind are taken over."""

import subprocess
import sys
from pathlib import Path

from tests.support.claimed_runs import claimed_run
from windlass.ids import uuid7
from windlass.schemas.executions import Handle
from windlass_workers.agent.records import Record, Records

HANDLE = Handle(kind="process", version=1, data={"pid": 1})


def record(kind: str = "process") -> Record:
    return Record(claimed=claimed_run(), handle=HANDLE.model_copy(update={"kind": kind}))


def test_the_runs_of_a_worker_that_lives_are_its_own(tmp_path: Path) -> None:
    first, second = Records(tmp_path, uuid7()), Records(tmp_path, uuid7())
    first.keep(record())
    assert second.adopt("process") == []
    first.close()
    second.close()


def test_the_runs_of_a_worker_that_died_are_adopted_once(tmp_path: Path) -> None:
    left = record()
    dead = Records(tmp_path, uuid7())
    dead.keep(left)
    dead.close()  # the kernel gives up the lock of a process that died in the same way
    heir, late = Records(tmp_path, uuid7()), Records(tmp_path, uuid7())
    assert heir.adopt("process") == [left]
    assert late.adopt("process") == []
    heir.close()
    late.close()


def test_a_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from windlass.ids import uuid7;"
        "from windlass_workers.agent.records import Records, Record;"
        "records = Records(Path(sys.argv[1]), uuid7());"
        "records.keep(Record.model_validate_json(sys.argv[2])); os.kill(os.getpid(), 9)"
    )
    left = record()
    subprocess.run([sys.executable, "-c", program, tmp_path, left.model_dump_json()], check=False)
    heir = Records(tmp_path, uuid7())
    assert heir.adopt("process") == [left]
    heir.close()


def test_runs_of_another_kind_wait_for_a_worker_of_that_kind(tmp_path: Path) -> None:
    left = record("docker")
    dead = Records(tmp_path, uuid7())
    dead.keep(left)
    dead.close()
    heir = Records(tmp_path, uuid7())
    assert heir.adopt("process") == []
    assert heir.adopt("docker") == [left]
    heir.close()


def test_a_worker_whose_runs_are_over_leaves_nothing(tmp_path: Path) -> None:
    records = Records(tmp_path, uuid7())
    done = record()
    records.keep(done)
    records.forget(done.claimed.execution_id)
    records.close()
    assert list(tmp_path.iterdir()) == []


def test_a_record_is_for_this_user_only(tmp_path: Path) -> None:
    records = Records(tmp_path, uuid7())
    records.keep(record())
    (path,) = tmp_path.rglob("*.json")
    assert path.stat().st_mode & 0o077 == 0
    records.close()


def test_a_record_that_cannot_be_read_is_left_where_it_is(tmp_path: Path) -> None:
    dead = Records(tmp_path, uuid7())
    dead.keep(record())
    dead.close()
    (path,) = tmp_path.rglob("*.json")
    path.write_text("{}")
    heir = Records(tmp_path, uuid7())
    assert heir.adopt("process") == []
    assert path.exists()
    heir.close()
