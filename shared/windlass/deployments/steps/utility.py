"""Public: steps that run other programs."""

import os
import shlex
import shutil
import sys
from importlib.util import find_spec
from string import Template
from typing import TypedDict

from windlass.dispatch import dispatched
from windlass.exceptions import ConfigurationError
from windlass.utilities.commands import CommandOutput, run_command


class RunShellScriptResult(TypedDict):
    """What the commands of a script printed, without white space at either end."""

    stdout: str
    stderr: str


async def arun_shell_script(
    script: str,
    directory: str | None = None,
    env: dict[str, str] | None = None,
    stream_output: bool = True,
    expand_env_vars: bool = False,
) -> RunShellScriptResult:
    """Run the commands of a script, one on a line, until one fails.

    They are run without a shell: for pipes and the like, a line says `bash -c '...'`, or names a
    script in a file. `$NAME` is left as it is, unless `expand_env_vars` puts the variables of
    `env` and of this process in. A line that ends with a backslash goes on in the next. To be
    awaited in asynchronous code. Raises CommandFailed, and ConfigurationError for a line that
    cannot be read, for a program and for a directory that are not there.
    """
    added = {name: str(value) for name, value in (env or {}).items()}
    if expand_env_vars:
        script = Template(script).safe_substitute({**os.environ, **added})
    printed: list[CommandOutput] = []
    for words in _commands(script):
        printed.append(
            await run_command(words, directory=directory, environment=added, stream=stream_output)
        )
    return _together(printed)


async def apip_install_requirements(
    directory: str | None = None,
    requirements_file: str = "requirements.txt",
    stream_output: bool = True,
) -> RunShellScriptResult:
    """Install what a requirements file lists, for the Python that runs this.

    `directory` is where the file is, by default the working directory. To be awaited in
    asynchronous code. Raises CommandFailed, and ConfigurationError where there is neither pip nor
    uv.
    """
    output = await run_command(
        [*_installer(), "-r", requirements_file], directory=directory, stream=stream_output
    )
    return _together([output])


run_shell_script = dispatched(arun_shell_script)
pip_install_requirements = dispatched(apip_install_requirements)


async def install_packages(*requirements: str) -> None:
    """Install packages, such as `pandas>=2`. Raises as above."""
    await run_command([*_installer(), *requirements])


def _commands(script: str) -> list[list[str]]:
    lines = script.replace("\\\n", " ").splitlines()
    commands: list[list[str]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            commands.append(shlex.split(line))
        except ValueError as error:
            # Not the line itself: it may have a secret in it.
            raise ConfigurationError(f"Line {number} of the script: {error}.") from error
    return commands


def _together(printed: list[CommandOutput]) -> RunShellScriptResult:
    return {
        "stdout": "\n".join(each.stdout for each in printed if each.stdout),
        "stderr": "\n".join(each.stderr for each in printed if each.stderr),
    }


def _installer() -> list[str]:
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "install"]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--python", sys.executable]
    raise ConfigurationError(
        f"There is neither pip in the environment of {sys.executable} nor uv on the PATH."
    )
