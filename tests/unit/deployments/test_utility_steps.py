"""The steps `run_shell_script` and `pip_install_requirements`, and what steps require."""

import os
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from windlass.deployments.steps.core import StepExecutionError, find_step, run_step, run_steps
from windlass.deployments.steps.utility import (
    arun_shell_script,
    pip_install_requirements,
    run_shell_script,
)
from windlass.exceptions import ConfigurationError
from windlass.utilities.commands import CommandFailed

SHELL_SCRIPT = "prefect.deployments.steps.run_shell_script"
STAND_IN = """\
#!{python}
import os, sys, zipfile
for word in sys.argv[sys.argv.index("--python") + 2:]:
    for path in open(word).read().split() if word.endswith(".txt") else [word]:
        if path != "-r":
            zipfile.ZipFile(path).extractall(os.environ["PIP_TARGET"])
"""
METADATA = "Metadata-Version: 2.1\nName: {0}\nVersion: 1.0\n"


def wheel(directory: Path, name: str) -> Path:
    """A package of one module, with a function `step`."""
    path = directory / f"{name}-1.0-py3-none-any.whl"
    with ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", "def step():\n    return {'made': 'here'}\n")
        archive.writestr(f"{name}-1.0.dist-info/METADATA", METADATA.format(name))
        archive.writestr(f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{name}-1.0.dist-info/RECORD", "")
    return path


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where what is installed is put in this test: by pip, or by what stands in for uv."""
    place, programs = tmp_path / "packages", tmp_path / "bin"
    programs.mkdir()
    (programs / "uv").write_text(STAND_IN.format(python=sys.executable))
    (programs / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.setenv("PIP_TARGET", str(place))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setattr(sys, "path", [str(place), *sys.path])
    return place


def test_every_line_is_a_command() -> None:
    answer = run_shell_script("echo one\n\n# a word\necho 'two  words' \\\n three\n")
    assert answer == {"stdout": "one\ntwo  words three", "stderr": ""}


async def test_it_is_awaited_in_asynchronous_code() -> None:
    assert (await arun_shell_script("echo one"))["stdout"] == "one"


def test_variables_are_put_in_only_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREETING", "Hello")
    script, env = "echo $GREETING ${NAME} $NOBODY", {"NAME": "Bo"}
    assert run_shell_script(script, env=env)["stdout"] == "$GREETING ${NAME} $NOBODY"
    expanded = run_shell_script(script, env=env, expand_env_vars=True)
    assert expanded["stdout"] == "Hello Bo $NOBODY"


def test_a_script_has_the_environment_and_the_directory_it_is_given(tmp_path: Path) -> None:
    script = "sh -c 'echo $NAME; pwd; echo oh >&2'"
    answer = run_shell_script(script, directory=str(tmp_path), env={"NAME": "Bo"})
    assert answer == {"stdout": f"Bo\n{tmp_path}", "stderr": "oh"}


@pytest.mark.parametrize("stream", [True, False])
def test_the_output_is_shown_where_that_is_asked_for(
    stream: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    run_shell_script("sh -c 'echo out; echo err >&2'", stream_output=stream)
    assert tuple(capfd.readouterr()) == (("out\n", "err\n") if stream else ("", ""))


def test_the_first_command_that_fails_ends_it(tmp_path: Path) -> None:
    script = "sh -c 'echo why >&2; exit 3' s3cret\ntouch after"
    with pytest.raises(CommandFailed, match="`sh` exited with status 3: why") as caught:
        run_shell_script(script, directory=str(tmp_path))
    assert caught.value.returncode == 3
    assert "s3cret" not in str(caught.value)
    assert not (tmp_path / "after").exists()


@pytest.mark.parametrize(
    ("script", "directory", "words"),
    [
        ("no-such-program", None, "There is no program `no-such-program`"),
        ("echo one", "no-such-directory", "There is no directory no-such-directory"),
        ("echo one\necho 's3cret", None, "Line 2 of the script: No closing quotation"),
    ],
)
def test_what_cannot_be_run_is_told(script: str, directory: str | None, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        run_shell_script(script, directory)


def test_a_later_step_refers_to_what_was_printed() -> None:
    first = {SHELL_SCRIPT: {"id": "hash", "script": "echo abc", "stream_output": False}}
    second = {SHELL_SCRIPT: {"script": "echo tag-{{ hash.stdout }}", "stream_output": False}}
    assert run_steps([first, second])["stdout"] == "tag-abc"


def test_requirements_are_installed(tmp_path: Path, packages: Path) -> None:
    made = wheel(tmp_path, "required_by_a_file")
    (tmp_path / "needs.txt").write_text(f"{made}\n")
    step = {"directory": str(tmp_path), "requirements_file": "needs.txt", "stream_output": False}
    answer = run_step({"prefect.deployments.steps.pip_install_requirements": step})
    assert answer.keys() == {"stdout", "stderr"}
    assert (packages / "required_by_a_file.py").exists()
    with pytest.raises(CommandFailed):
        pip_install_requirements(str(tmp_path), "no-such.txt", stream_output=False)


def test_what_a_step_requires_is_installed_where_it_is_missing(
    tmp_path: Path, packages: Path
) -> None:
    made = wheel(tmp_path, "required_by_a_step")
    try:
        step = {"required_by_a_step.step": {"requires": str(made)}}
        assert run_step(step) == {"made": "here"}
        assert (packages / "required_by_a_step.py").exists()
    finally:
        sys.modules.pop("required_by_a_step", None)


@pytest.mark.usefixtures("packages")
def test_what_cannot_be_installed_is_told() -> None:
    with pytest.raises(StepExecutionError, match=r"requires could not be installed: `\w+` exited"):
        find_step("no_such_package.step", "no-such-package>=1")


def test_images_are_refused_with_another_way() -> None:
    with pytest.raises(StepExecutionError, match="run_shell_script"):
        find_step("prefect_docker.deployments.steps.build_docker_image", "prefect-docker>=0.3.0")
