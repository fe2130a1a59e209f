"""How a process of a run is started."""

import sys

import pytest

from tests.support.claimed_runs import claimed_run
from windlass_workers.contract import RunSpec
from windlass_workers.process.exits import exit_from_code
from windlass_workers.process.launching import can_fork, command_of, environment_of, marker_of


def spec(command: str | None = None, **environment: str) -> RunSpec:
    return RunSpec(claimed_run(), "a-run", environment, {}, command)


def test_a_run_like_any_other_is_forked() -> None:
    assert can_fork(spec(A="1"), {})


@pytest.mark.parametrize("name", ["PYTHONPATH", "PYTHONHASHSEED", "LD_PRELOAD", "MALLOC_ARENA_MAX"])
def test_a_run_that_needs_an_interpreter_of_its_own_is_executed(name: str) -> None:
    assert not can_fork(spec(**{name: "1"}), {})
    assert not can_fork(spec(**{name: "1"}), {name: "2"})
    assert can_fork(spec(**{name: "1"}), {name: "1"})


def test_a_run_with_a_command_is_executed() -> None:
    assert not can_fork(spec("uv run a-flow"), {})


def test_a_command_is_split_as_a_shell_does() -> None:
    assert command_of(spec("sh -c 'exit 3'")) == ["sh", "-c", "exit 3"]
    assert command_of(spec()) == [sys.executable, "-m", "windlass.execute"]


def test_what_the_job_says_wins_over_what_the_machine_says() -> None:
    job = spec(A="job", WINDLASS__EXECUTION_ID="another")
    made = environment_of(job, {"A": "machine", "B": "machine"})
    assert made["A"] == "job"
    assert made["B"] == "machine"
    assert marker_of(job.claimed.execution_id) == (
        f"WINDLASS__EXECUTION_ID={made['WINDLASS__EXECUTION_ID']}"
    )


@pytest.mark.parametrize(
    ("code", "out_of_memory", "expected", "words"),
    [
        (3, False, 3, "status 3."),
        (127, False, 127, "the command was not found"),
        (78, False, 78, "the flow could not be loaded"),
        (-9, False, 137, "SIGKILL"),
        (-9, True, 137, "out of memory"),
        (-11, True, 139, "SIGSEGV"),
        (-64, False, 192, "SIGRTMAX"),
        (-40, False, 168, "signal 40"),
    ],
)
def test_the_end_of_a_process_is_told_in_words(
    code: int, out_of_memory: bool, expected: int, words: str
) -> None:
    ended = exit_from_code(code, was_out_of_memory=out_of_memory)
    assert ended.code == expected
    assert words in (ended.reason or "")
