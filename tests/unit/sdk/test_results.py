"""Values that outlive their process."""

from pathlib import Path

import pytest

from windlass.exceptions import FailedRun, MissingResult
from windlass.results import ResultStore
from windlass.schemas.states import State, StateType


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where results are kept."""
    monkeypatch.setenv("WINDLASS_RESULTS_LOCAL_STORAGE_PATH", str(tmp_path / "results"))
    return tmp_path / "results"


@pytest.mark.parametrize("value", [None, 42, {"a": [1, (2, 3)]}, b"\x00\xff", Path("here")])
def test_a_value_is_read_as_it_was_written(value: object) -> None:
    metadata = ResultStore().write(value)
    assert ResultStore().read(metadata.storage_key) == value


def test_only_its_owner_reads_a_stored_value(folder: Path) -> None:
    metadata = ResultStore().write("secret")
    assert (folder / metadata.storage_key).stat().st_mode & 0o777 == 0o600


def test_writing_leaves_nothing_but_the_value(folder: Path) -> None:
    ResultStore().write(1, "some/key")
    ResultStore().write(2, "some/key")
    assert ResultStore().read("some/key") == 2
    assert [path.name for path in (folder / "some").iterdir()] == ["key"]


def test_a_value_that_is_not_there_is_missing_and_says_where(folder: Path) -> None:
    with pytest.raises(MissingResult, match=str(folder)):
        ResultStore().read("nothing")


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "", "."])
def test_a_key_does_not_leave_the_folder(key: str) -> None:
    with pytest.raises(MissingResult, match="names no file"):
        ResultStore().read(key)
    with pytest.raises(MissingResult, match="names no file"):
        ResultStore().write("value", key or ".")


def test_a_state_gives_the_result_that_it_says_is_stored() -> None:
    data = ResultStore().write([1, 2]).model_dump(mode="json")
    state = State(type=StateType.COMPLETED, data=data)
    assert State.model_validate_json(state.model_dump_json()).result() == [1, 2]


def test_a_failed_state_raises_the_exception_that_it_says_is_stored() -> None:
    data = ResultStore().write(ValueError("why")).model_dump(mode="json")
    with pytest.raises(ValueError, match="why"):
        State(type=StateType.FAILED, data=data).result()


def test_a_failed_state_that_stored_no_exception_raises_its_message() -> None:
    data = ResultStore().write("no exception").model_dump(mode="json")
    with pytest.raises(FailedRun, match="what happened"):
        State(type=StateType.FAILED, message="what happened", data=data).result()
