"""Steps that prepare the code of a deployment."""

from pathlib import Path

import pytest

from windlass.deployments.steps.core import StepExecutionError, run_step, run_steps


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, which steps change."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("package", ["prefect", "windlass"])
@pytest.mark.parametrize("module", ["deployments.steps", "deployments.steps.pull"])
def test_a_step_is_known_by_either_name(somewhere: Path, package: str, module: str) -> None:
    (somewhere / "code").mkdir()
    step = {f"{package}.{module}.set_working_directory": {"directory": "code"}}
    assert run_step(step) == {"directory": str(somewhere / "code")}
    assert Path.cwd() == somewhere / "code"


def test_what_a_step_returns_is_there_for_the_next(somewhere: Path) -> None:
    (somewhere / "a").mkdir()
    steps = [
        {"windlass.deployments.steps.set_working_directory": {"id": "first", "directory": "a"}},
        {"os.path.basename": {"p": "{{ first.directory }}"}},
        {"windlass.deployments.steps.set_working_directory": {"directory": "{{ directory }}/.."}},
    ]
    outputs = run_steps(steps)
    assert outputs["first"] == {"directory": str(somewhere / "a")}
    assert outputs["directory"] == f"{somewhere}/a/.."


def test_packages_that_a_step_requires_are_no_input(somewhere: Path) -> None:
    inputs = {"requires": "a-package", "directory": str(somewhere)}
    assert run_step({"prefect.deployments.steps.set_working_directory": inputs})


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"prefect.deployments.steps.set_working_directory": {"directory": "x"}}, "No such file"),
        ({"prefect.deployments.steps.set_working_directory": {"path": "x"}}, "path"),
        ({"prefect.deployments.steps.teleport": {}}, "teleport"),
        ({"no_such_package.step": None}, "no_such_package"),
    ],
)
def test_a_step_that_fails_is_named_with_the_cause(step: dict[str, object], words: str) -> None:
    with pytest.raises(StepExecutionError, match=words) as caught:
        run_step(step)
    assert next(iter(step)) in str(caught.value)
