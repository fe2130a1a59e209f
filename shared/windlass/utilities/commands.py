"""Other programs, started without a shell: what they print is kept, and shown as it comes."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from windlass.exceptions import ConfigurationError, WindlassError

if TYPE_CHECKING:
    from anyio.abc import ByteReceiveStream

_LINES_TOLD: Final = 5


@dataclass(frozen=True, slots=True)
class CommandOutput:
    """What a program printed, without white space at either end."""

    stdout: str
    stderr: str


class CommandFailed(WindlassError, subprocess.CalledProcessError):
    """A program ended with another status than 0.

    The message leaves its arguments out: there may be something secret among them.
    """

    def __init__(self, command: Sequence[str], status: int, output: CommandOutput) -> None:
        subprocess.CalledProcessError.__init__(
            self, status, list(command), output.stdout, output.stderr
        )

    def __str__(self) -> str:
        said = (self.stderr or self.output or "").splitlines()[-_LINES_TOLD:]
        ended = f"`{Path(self.cmd[0]).name}` exited with status {self.returncode}"
        return f"{ended}: {' '.join(line.strip() for line in said)}" if said else f"{ended}."


async def run_command(
    command: Sequence[str],
    *,
    directory: str | Path | None = None,
    environment: Mapping[str, str | None] | None = None,
    stream: bool = False,
) -> CommandOutput:
    """Run a program to its end; with `stream`, what it prints is printed here, too.

    `environment` is added to that of this process; None takes a variable out. Raises
    CommandFailed, and ConfigurationError where there is no such program or directory.
    """
    # The import takes a while, and most runs start no program.
    import anyio  # noqa: PLC0415

    where = None if directory is None else await anyio.Path(directory).expanduser()
    if where is not None and not await where.is_dir():
        raise ConfigurationError(f"There is no directory {where} to run `{command[0]}` in.")
    variables = {**os.environ, **(environment or {})}
    given = {name: value for name, value in variables.items() if value is not None}
    try:
        process = await anyio.open_process(command, cwd=where, env=given, stdin=subprocess.DEVNULL)
    except (FileNotFoundError, PermissionError) as error:
        raise ConfigurationError(
            f"There is no program `{command[0]}` here: install it where this runs, or say its path."
        ) from error
    stdout: list[str] = []
    stderr: list[str] = []
    async with process:
        assert process.stdout is not None
        assert process.stderr is not None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_take, process.stdout, stdout, sys.stdout if stream else None)
            tasks.start_soon(_take, process.stderr, stderr, sys.stderr if stream else None)
        status = await process.wait()
    output = CommandOutput("".join(stdout).strip(), "".join(stderr).strip())
    if status:
        raise CommandFailed(command, status, output)
    return output


async def _take(source: "ByteReceiveStream", kept: list[str], shown: IO[str] | None) -> None:
    from anyio.streams.text import TextReceiveStream  # noqa: PLC0415 (see `run_command`)

    async for text in TextReceiveStream(source, errors="replace"):
        kept.append(text)
        if shown is not None:
            shown.write(text)
            shown.flush()
