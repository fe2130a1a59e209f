"""Requests made up from our own OpenAPI document, valid and not: none of them breaks the server.

Each test is one run of schemathesis, in a process of its own. `make test-fuzz` makes up many more.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.fuzz.world import populate
from tests.support.environment import ASKED
from tests.support.servers import ROOT
from tests.support.windlass_server import WindlassServer

EXAMPLES: Final = int(ASKED.get("WINDLASS_TEST_FUZZ_EXAMPLES", "2"))
"""Requests that are made up for each operation."""
IS_LONG: Final = EXAMPLES > 10
SEED: Final = ASKED.get("WINDLASS_TEST_FUZZ_SEED", "7")

pytestmark = pytest.mark.timeout(600 + 60 * EXAMPLES)

# Never asked: they take the tables from under the services. Their own tests ask them.
_TABLES: Final = "/admin/database"
_DELETING: Final = "bulk_delete"
_PHASES: Final = "coverage,fuzzing,stateful" if IS_LONG else "fuzzing"
_CHECKS: Final = "not_a_server_error,answers_as_described"
_LINES_SHOWN: Final = 200
_SUMMARY: Final = "= SUMMARY ="


def test_no_request_breaks_the_server(windlass_server: WindlassServer, tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text(json.dumps(populate(windlass_server)))
    kept = ("--exclude-method", "DELETE", "--exclude-path-regex", f"{_DELETING}|{_TABLES}")
    _run(windlass_server, tmp_path, kept)
    # What deletes comes last: the others need what there is.
    _run(windlass_server, tmp_path, ("--include-method", "DELETE"))
    _run(windlass_server, tmp_path, ("--include-path-regex", _DELETING))


def _run(server: WindlassServer, folder: Path, chosen: Sequence[str]) -> None:
    """Make up requests for the operations that are chosen. Fails with what schemathesis found."""
    address = server.api_url.removesuffix("/api")
    command = [
        *(sys.executable, "-W", "ignore", "-m", "schemathesis.cli", "run"),
        *(f"{address}/api/openapi.json", "--url", address, "--no-color"),
        *("--checks", _CHECKS, "--phases", _PHASES, "--suppress-health-check", "all"),
        *("--max-examples", str(EXAMPLES), "--seed", SEED, "--generation-database", "none"),
        *(
            "--wait-for-schema",
            "60",
            "--request-timeout",
            "30",
            "--no-shrink",
            "--continue-on-failure",
            *chosen,
        ),
    ]
    done = subprocess.run(
        command,
        cwd=folder,
        env=dict(os.environ) | {"PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(done.stdout[done.stdout.rfind(_SUMMARY) :])
    if done.returncode != 0:
        pytest.fail("\n".join(done.stdout.splitlines()[-_LINES_SHOWN:]), pytrace=False)
