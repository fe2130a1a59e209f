"""The stock package in an environment of its own, told where the API is and what it asks for."""

import json
import os
import signal
import subprocess
from base64 import b64encode
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final

from tests.support.forking import Process, nursery
from tests.support.servers import ROOT
from tests.support.waiting import wait_until
from tests.support.windlass_server import LINES_SHOWN, WindlassServer

REFERENCE: Final = ROOT / ".venv-compat" / "bin"
LOADED: Final = (
    "anyio._backends._asyncio",
    "asgi_lifespan",
    "attr",
    "cachetools",
    "click",
    "cloudpickle",
    "dateutil.tz",
    "dotenv",
    "fastapi",
    "fsspec",
    "griffe",
    "h2.connection",
    "httpcore._async",
    "httpx",
    "humanize",
    "jinja2",
    "jsonschema",
    "opentelemetry.propagate",
    "opentelemetry.trace",
    "orjson",
    "pendulum",
    "prometheus_client",
    "pydantic",
    "pydantic_settings",
    "referencing",
    "rich.console",
    "rich.markdown",
    "rich.progress",
    "rich.prompt",
    "rich.table",
    "ruamel.yaml",
    "shellingham",
    "starlette",
    "toml",
    "typer.rich_utils",
    "websockets",
    "yaml",
)
"""What the stock package loads of others: half of its start. Of itself nothing is loaded before a
process has its settings in the environment."""
PATIENCE: Final = 120.0
"""Seconds that a step may take where every process starts slowly; it takes a few."""


@dataclass(frozen=True, slots=True)
class Stock:
    """Commands and scripts of the stock package against a Windlass server.

    `folder` is where they run: it has a copy of what is in `stock/`, and the home of the user.
    """

    server: WindlassServer
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict[str, str])

    def prefect(self, *arguments: str) -> str:
        """What `prefect ...` prints. Fails the test when the command fails."""
        return self._run("prefect", *arguments)

    def refused(self, *arguments: str) -> str:
        """What `prefect ...` prints when it fails. Fails the test when the command succeeds."""
        done = self._done("prefect", *arguments)
        assert done.returncode, f"prefect {' '.join(arguments)} went well:\n{done.stdout}"
        return done.stdout + done.stderr

    def commands(self, *commands: list[str]) -> list[str]:
        """What each of these commands of the CLI prints, run one after the other."""
        return json.loads(self.script("commands.py", json.dumps(commands)).splitlines()[-1])

    def script(self, name: str, *arguments: str) -> str:
        """What a script of `stock/` prints on its standard output."""
        return self._run("python", name, *arguments)

    def with_settings(self, **settings: str) -> "Stock":
        """The same user, with these variables in the environment as well; without empty ones."""
        return replace(self, settings={**self.settings, **settings})

    @contextmanager
    def running(self, name: str, *command: str) -> Generator[Path]:
        """A command that runs until the block ends; its output is in the file that is yielded."""
        with self.started(name, *command) as (_, log):
            yield log

    @contextmanager
    def started(self, name: str, *command: str) -> Generator[tuple[Process, Path]]:
        """`running`, with the process beside its output: for what is signalled or ends itself.

        What it started is killed with it when the block ends.
        """
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            # The last replica: what one process of the user does is seen through another.
            api_url = self.server.api_urls[-1]
            process = self._start(command, api_url, output.fileno(), output.fileno())
        try:
            yield process, log
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def logs_of_processes(self) -> Iterator[tuple[str, str]]:
        """What each command that ran beside the test said last, under its name."""
        for log in sorted(self.folder.glob("*.log")):
            last = log.read_text(errors="replace").splitlines()[-LINES_SHOWN:]
            yield log.name, "\n".join(last)

    def flow_run(self, id: str) -> dict[str, Any]:
        """A flow run as the API shows it."""
        return self.server.get(f"flow_runs/{id}")

    def flow_runs_of(self, deployment: str) -> list[dict[str, Any]]:
        """The runs of a deployment (`flow/deployment`), the next one first."""
        found = self.server.get(f"deployments/name/{deployment}")
        wanted = {"deployments": {"id": {"any_": [found["id"]]}}, "sort": "START_TIME_ASC"}
        return self.server.post("flow_runs/filter", wanted)

    def wait_for_state(self, id: str, *names: str) -> dict[str, Any]:
        """The flow run, as soon as its state has one of these names."""

        def reached() -> dict[str, Any] | None:
            run = self.flow_run(id)
            return run if run["state_name"] in names else None

        reached_or_not = f"flow run {id} to be {' or '.join(names)}"
        return wait_until(reached, timeout=PATIENCE, description=reached_or_not) or {}

    def wait_for_log(self, flow_run_id: str, message: str) -> str:
        """What the run logged that has this in it, once it is there: logs are behind states."""
        wanted = {"logs": {"flow_run_id": {"any_": [flow_run_id]}}}

        def logged() -> str:
            found = self.server.post("logs/filter", wanted)
            return next((log["message"] for log in found if message in log["message"]), "")

        return wait_until(logged, timeout=PATIENCE, description=f"{message!r} to be logged")

    def _run(self, *command: str) -> str:
        done = self._done(*command)
        said = f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, said
        return done.stdout

    def _done(self, *command: str) -> subprocess.CompletedProcess[str]:
        with TemporaryFile() as out, TemporaryFile() as err:
            process = self._start(command, self.server.api_urls[0], out.fileno(), err.fileno())
            try:
                code = process.wait(PATIENCE)
            finally:
                process.kill()
            said = [_text(out), _text(err)]
        return subprocess.CompletedProcess(command, code, *said)

    def _start(self, command: Sequence[str], api_url: str, output: int, errors: int) -> Process:
        program, *arguments = command
        return nursery(REFERENCE / "python", *LOADED).start(
            arguments if program == "python" else [str(REFERENCE / program), *arguments],
            folder=self.folder,
            environment=self._environment(api_url),
            output=output,
            errors=errors,
        )

    def _environment(self, api_url: str) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PREFECT_", "WINDLASS_"))
        }
        ours = {
            "PREFECT_API_URL": api_url,
            # Results are kept under the home of the user, not under that of the package.
            "HOME": str(self.folder),
            "PREFECT_HOME": str(self.folder / "prefect-home"),
            # Wide and plain, so that tables can be searched; and a worker that asks often.
            "COLUMNS": "300",
            "NO_COLOR": "1",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_RUNNER_POLL_FREQUENCY": "1",
        }
        everything = (
            inherited | credentials_of(self.server.credentials) | ours | dict(self.settings)
        )
        return {name: value for name, value in everything.items() if value}


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def credentials_of(pair: str | None) -> dict[str, str]:
    """What a user of a server with these credentials sets, once for everything."""
    if pair is None:
        return {}
    # Stock clients send nothing by themselves on the socket that takes their events.
    header = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
    return {"PREFECT_API_AUTH_STRING": pair, "PREFECT_CLIENT_CUSTOM_HEADERS": json.dumps(header)}
