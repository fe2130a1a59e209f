"""The control plane on each broker besides a single Redis: a run, from the first word to the last.

One replica of the API is asked for the run, and told of it; a worker and a reader of events are at
the other one.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import anyio
import httpx
import pytest

from tests.conformance.streams.redis_layouts import redis_cluster, redis_pair
from tests.support.rabbitmq import named_rabbitmq, rabbitmq_process
from tests.support.windlass_server import BROKER_URL, Backend, WindlassServer, running_server
from windlass.events.subscribers import FlowRunSubscriber
from windlass.ids import uuid7
from windlass.schemas.events import ReceivedEvent

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(params=["sentinel", "cluster", "rabbitmq"])
def broker_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp(request.param)
    named = named_rabbitmq()
    if request.param == "rabbitmq" and named:
        yield named
        return
    started = {"sentinel": redis_pair, "cluster": redis_cluster, "rabbitmq": rabbitmq_process}
    with started[request.param](folder) as broker:
        yield broker.url


@pytest.fixture(params=[Backend.SERVICES])
def windlass_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, broker_url: str
) -> Iterator[WindlassServer]:
    settings = {BROKER_URL: broker_url}
    with running_server(request, tmp_path_factory.mktemp("server"), settings) as server:
        yield server


async def test_a_run_is_claimed_and_its_end_is_heard(
    windlass_server: WindlassServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, elsewhere = windlass_server.api_urls
    monkeypatch.setenv("WINDLASS_API_URL", elsewhere)
    windlass_server.post("work_pools/", {"name": "pool", "type": "process"})
    flow = windlass_server.post("flows/", {"name": "flow"})["id"]
    wanted = {"name": "d", "flow_id": flow, "work_pool_name": "pool"}
    deployment = windlass_server.post("deployments/", wanted)["id"]
    with ThreadPoolExecutor(1) as threads:
        claimed = threads.submit(_claim, elsewhere)
        run = windlass_server.post(f"deployments/{deployment}/create_flow_run")["id"]
        execution = claimed.result()
    assert execution == f"{run}.1"
    heard: list[str] = []
    with anyio.fail_after(30):
        async with FlowRunSubscriber(UUID(run), straggler_timeout=0) as events:
            for state in ("RUNNING", "COMPLETED"):
                proposal = {"state": {"type": state}, "execution_id": execution}
                answer = windlass_server.post(f"flow_runs/{run}/set_state", proposal)
                assert answer["status"] == "ACCEPT"
            heard += [said.event async for said in events if isinstance(said, ReceivedEvent)]
    assert heard[-2:] == ["prefect.flow-run.Running", "prefect.flow-run.Completed"]


def _claim(api: str) -> str:
    """The execution of the run that a worker gets, which waits for it."""
    asked = {"worker_name": "worker", "request_id": str(uuid7()), "limit": 1, "wait_seconds": 25}
    answer = httpx.post(f"{api}/work_pools/pool/claim", json=asked, timeout=30)
    [claimed] = answer.raise_for_status().json()["runs"]
    return claimed["execution_id"]
