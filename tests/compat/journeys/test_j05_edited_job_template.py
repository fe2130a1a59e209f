"""J5: a pool of a cluster with an edited base job template.

Here is what the server does of it: it keeps the template, holds the variables of deployments and
runs against it, and hands them to the worker that renders a job. The worker is a stock one, written
as the documentation teaches; what it renders goes to no cluster, and its type is not in the views
of the server, so the pool is made by the client and not by the CLI.
"""

import json
from typing import Any

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(400)

SCRIPT = "journeys/j05_cluster.py"
POOL = "k8s-pool"
RUN = ["deployment", "run"]


@pytest.fixture(scope="module")
def user(stock: Stock) -> Stock:
    """A user who edited the template of a new pool: jobs ask for a part of a processor."""
    template = json.loads(stock.script(SCRIPT, "pool").splitlines()[-1])
    variables = template["variables"]["properties"]
    variables["cpu_request"] = {"type": "string", "default": "100m", "title": "CPU request"}
    template["job_configuration"]["job_manifest"]["resources"] = {
        "requests": {"cpu": "{{ cpu_request }}"}
    }
    (stock.folder / "t.json").write_text(json.dumps(template))
    stock.prefect("work-pool", "update", "--base-job-template", "t.json", POOL)
    stock.script(SCRIPT, "deploy")
    return stock


@pytest.fixture(scope="module")
def manifests(user: Stock) -> dict[str, Any]:
    """What the worker made of four runs, by the names of the runs."""
    user.commands(
        [*RUN, "hello/plain", "--flow-run-name", "of-pool"],
        [*RUN, "hello/default", "--flow-run-name", "of-deployment"],
        [*RUN, "hello/default", "--flow-run-name", "of-run", "-jv", "cpu_request=900m"],
        [*RUN, "hello/default", "--flow-run-name", "bad", "-jv", "image=me/missing:1"],
    )
    return json.loads(user.script(SCRIPT, "work").splitlines()[-1])


def test_j05_the_template_of_the_pool_is_the_edited_one(user: Stock) -> None:
    pool = user.server.get(f"work_pools/{POOL}")
    assert (pool["type"], pool["base_job_template"]) == (
        "kubernetes",
        json.loads((user.folder / "t.json").read_text()),
    )


def test_j05_the_run_beats_the_deployment_and_the_deployment_the_pool(
    manifests: dict[str, Any],
) -> None:
    asked = {name: job["resources"]["requests"]["cpu"] for name, job in manifests.items()}
    assert asked == {"of-pool": "100m", "of-deployment": "500m", "of-run": "900m"}
    job = manifests["of-run"]
    assert (job["image"], job["metadata"]["namespace"]) == ("me/img:1", "default")
    assert {name: job["env"][name] for name in "AB"} == {"A": "deployment", "B": "deployment"}
    assert job["labels"]["prefect.io/deployment-name"] == "default"


def test_j05_a_job_that_cannot_be_made_crashes_its_run_alone(
    user: Stock, manifests: dict[str, Any]
) -> None:
    assert len(manifests) == 3, "one job for each of the others"
    runs = user.flow_runs_of("hello/plain") + user.flow_runs_of("hello/default")
    (bad,) = [run for run in runs if run["name"] == "bad"]
    crashed = user.wait_for_state(bad["id"], "Crashed")
    assert "ImagePullBackOff" in crashed["state"]["message"]
    others = [user.flow_run(run["id"]) for run in runs if run["name"] != "bad"]
    assert [run["state_name"] for run in others] == ["Pending"] * 3
    wanted = {"logs": {"flow_run_id": {"any_": [bad["id"]]}, "level": {"ge_": 40}}}

    def told() -> list[dict[str, Any]]:
        return user.server.post("logs/filter", wanted)

    wait_until(told, timeout=PATIENCE, description="the worker to explain itself")


def test_j05_the_worker_is_seen_in_the_pool(user: Stock, manifests: dict[str, Any]) -> None:
    assert manifests
    (worker,) = user.server.post(f"work_pools/{POOL}/workers/filter")
    assert (worker["name"], worker["status"]) == ("crane", "ONLINE")


def test_j05_variables_that_the_template_does_not_allow_are_refused(user: Stock) -> None:
    refused = user.refused(*RUN, "hello/plain", "-jv", "cpu_request=5")
    assert "cpu_request" in refused
    assert "must be of type string" in refused
    deployment = user.server.get("deployments/name/hello/plain")
    with user.server.http() as client:
        answer = client.patch(
            f"deployments/{deployment['id']}", json={"job_variables": {"cpu_request": 5}}
        )
    assert answer.status_code == 409
    assert "cpu_request" in answer.text
