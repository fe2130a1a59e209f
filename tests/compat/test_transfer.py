"""`windlass transfer` from a stock server: what moving to Windlass takes."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.command import done, windlass
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(300)

FLOWS = '''\
from windlass import flow

@flow(name="moving")
def greet(name: str = "world") -> None:
    """Say hello."""
'''
PROJECT = """\
deployments:
- name: house
  entrypoint: flows.py:greet
  concurrency_limit: 3
  work_pool: {name: vans, work_queue_name: fast}
  schedule: {rrule: "FREQ=DAILY", timezone: Europe/Berlin}
"""


@pytest.fixture
def profiles(stock: Stock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Profiles `theirs`, of a stock server, and `ours`; a project is the working directory."""
    monkeypatch.chdir(tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    theirs = f"http://127.0.0.1:{port}/api"
    for name, url in (("theirs", theirs), ("ours", stock.server.api_url)):
        done("profile", "create", name)
        done("--profile", name, "config", "set", f"WINDLASS_API_URL={url}")
    if pair := stock.server.credentials:
        done("--profile", "ours", "config", "set", f"WINDLASS_API_AUTH_STRING={pair}")
    with stock.running("server", "prefect", "server", "start", "--no-ui", "--port", port):
        monkeypatch.setenv("WINDLASS_API_URL", theirs)
        wait_until(
            lambda: windlass("api", "GET", "/health").code == 0,
            timeout=PATIENCE,
            description="the stock server to answer",
        )
        yield


@pytest.mark.usefixtures("profiles")
def test_what_a_stock_server_has_is_copied_once(stock: Stock) -> None:
    Path("flows.py").write_text(FLOWS)
    Path("windlass.yaml").write_text(PROJECT)
    done("variable", "set", "street", "Elm")
    done("gcl", "create", "doors", "--limit", "2")
    done("work-pool", "create", "vans", "--type", "process")
    done("work-queue", "create", "fast", "--pool", "vans", "--limit", "4")
    done("deploy", "--all")
    first = windlass("transfer", "--from", "theirs", "--to", "ours")
    assert first.code == 0, first.out
    again = done("transfer", "--from", "theirs", "--to", "ours").out.splitlines()[-1]
    assert again.startswith("0 succeeded, "), again
    deployment = stock.server.get("deployments/name/moving/house")
    assert (deployment["work_pool_name"], deployment["work_queue_name"]) == ("vans", "fast")
    assert deployment["global_concurrency_limit"]["limit"] == 3
    [schedule] = deployment["schedules"]
    assert schedule["schedule"] == {"rrule": "FREQ=DAILY", "timezone": "Europe/Berlin"}
    assert stock.server.get("work_pools/vans/queues/fast")["concurrency_limit"] == 4
    assert stock.server.get("variables/name/street")["value"] == "Elm"
    assert stock.server.get("v2/concurrency_limits/doors")["limit"] == 2
