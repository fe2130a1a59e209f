"""A worker that hangs up while it waits for a run."""

import httpx
import pytest

from tests.support.windlass_server import WindlassServer
from windlass.ids import uuid7


def test_a_run_is_not_handed_to_a_worker_that_hung_up(windlass_server: WindlassServer) -> None:
    server, pool = windlass_server, f"pool-{uuid7()}"
    server.post("work_pools/", {"name": pool, "type": "process"})
    flow = server.post("flows/", {"name": "a-flow"})
    wanted = {"name": "a-deployment", "flow_id": flow["id"], "work_pool_name": pool}
    deployment = server.post("deployments/", wanted)
    with pytest.raises(httpx.ReadTimeout), server.http() as impatient:
        impatient.post(f"work_pools/{pool}/claim", json=_claim(wait_seconds=30), timeout=0.5)
    made = server.post(f"deployments/{deployment['id']}/create_flow_run")
    answer = server.post(f"work_pools/{pool}/claim", _claim(wait_seconds=10))
    assert [run["flow_run"]["id"] for run in answer["runs"]] == [made["id"]]


def _claim(wait_seconds: float) -> dict[str, object]:
    return {
        "worker_name": "a-worker",
        "request_id": str(uuid7()),
        "limit": 1,
        "wait_seconds": wait_seconds,
    }
