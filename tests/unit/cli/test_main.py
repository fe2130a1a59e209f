"""The top of the command: exit statuses, errors in one sentence, commands loaded when called."""

import socket
import subprocess
import sys

import pytest

from tests.support.command import done, windlass
from windlass._version import __version__
from windlass.cli import main
from windlass.cli.catalogue import COMMANDS
from windlass.settings import SettingWarning


@pytest.fixture
def nobody_there(monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an API that nobody serves."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/api"
        monkeypatch.setenv("WINDLASS_API_URL", url)
        return url


@pytest.mark.parametrize(
    "arguments",
    [
        ("flow", "ls"),
        ("flow-run", "ls"),
        ("deployment", "ls"),
        ("work-pool", "ls"),
        ("work-queue", "ls"),
        ("deployment", "run", "a/b"),
        ("work-pool", "create", "p", "--type", "process"),
    ],
)
def test_without_a_server_a_command_says_what_to_do(
    arguments: tuple[str, ...], nobody_there: str
) -> None:
    said = windlass(*arguments)
    assert said.code == 1
    assert said.out == ""
    assert f"No answer from the server at {nobody_there}" in said.err
    assert "windlass server status" in said.err
    assert "Traceback" not in said.err


def test_an_unknown_command_is_wrong_usage() -> None:
    said = windlass("flaws", "ls")
    assert (said.code, said.out) == (2, "")
    assert "No such command 'flaws'" in said.err


def test_an_unknown_profile_is_a_failure() -> None:
    said = windlass("--profile", "nobody", "config", "view")
    assert said.code == 1
    assert said.err.startswith("There is no profile 'nobody'")


def test_an_interrupted_command_exits_as_the_shell_expects(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main.cli, "invoke", interrupt)
    assert windlass("version").code == 130


@pytest.mark.filterwarnings("default::windlass.settings.SettingWarning")
def test_a_setting_without_effect_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDLASS_API_URLL", "x")
    said = done("config", "view")
    assert said.err == (
        "WINDLASS_API_URLL (from env) is not a setting. Did you mean WINDLASS_API_URL?\n"
    )
    assert SettingWarning.__name__ not in said.err


def test_the_version_is_said() -> None:
    asked = subprocess.run(
        [sys.executable, "-m", "windlass", "--version"], capture_output=True, text=True, check=True
    )
    assert asked.stdout == f"{__version__}\n"


def test_help_imports_no_command() -> None:
    code = (
        "import sys; sys.argv = ['windlass', '--help']\n"
        "try:\n    from windlass.__main__ import main; main()\n"
        "except SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith('windlass.cli.commands.')])"
    )
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert asked.stdout.splitlines()[-1] == "[]"
    assert all(name in asked.stdout for name in COMMANDS)


def test_version_shows_what_is_installed_and_what_answers(nobody_there: str) -> None:
    said = done("version").out
    assert f"Version:          {__version__}" in said
    assert f"Server:           {nobody_there}" in said
    assert "the server does not answer" in said
