"""J4: a Docker work pool, and flows that are baked into images.

The published image, which all images of users begin with, is in no registry that a test can reach.
One that runs the same commands stands in for it: a plain Python, which is given the package by a
mount. What its entrypoint does, `EXTRA_PIP_PACKAGES`, is not shown.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from tests.compat.journeys.wheels import bundled_pip, make_wheel
from tests.compat.stock_client import PATIENCE, REFERENCE, Stock
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(400)

SCRIPT = "j04_docker.py"
POOL = "my-docker-pool"
PYTHON: Final = "windlass-test/python:1"
"""An image with Python alone, on an engine for tests."""


@pytest.fixture(scope="module")
def user(stock: Stock) -> Stock:
    """A user with a pool, in a folder that has nothing but his script and its requirements."""
    stock.prefect("work-pool", "create", "--type", "docker", POOL)
    project = stock.folder / "project"
    project.mkdir()
    shutil.copy(stock.folder / "journeys" / SCRIPT, project)
    (project / "requirements.txt").write_text("/wheels/greeting-1.0-py3-none-any.whl\n")
    return replace(stock, folder=project)


@pytest.fixture(scope="module")
def site_packages(stock: Stock) -> Path:
    """Where the package is that containers are given. Skips without an engine that can be used."""
    engine = ["docker", "run", "--rm", PYTHON, "python3", "--version"]
    try:
        said = subprocess.run(engine, capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        pytest.skip("there is no docker command")
    if said.returncode:
        pytest.skip(f"no Docker engine with the image {PYTHON}: {said.stderr.strip()[-200:]}")
    version = ".".join(said.stdout.removeprefix("Python ").split(".")[:2])
    found = REFERENCE.parent / "lib" / f"python{version}" / "site-packages"
    if not found.exists():
        pytest.skip(f"the image {PYTHON} has another Python than the stock package")
    return found


@pytest.fixture(scope="module")
def deployed(user: Stock, site_packages: Path) -> Iterator[Stock]:
    """The user, who built images, deployed them, and has a worker beside the engine."""
    wheels = user.folder.parent / "base" / "wheels"
    wheels.mkdir(parents=True)
    shutil.copy(bundled_pip(), wheels)
    make_wheel(wheels, 'WORD = "hello"')
    user.script(SCRIPT, "base", str(wheels.parent), PYTHON)
    with_namespace = user.with_settings(PREFECT_DEFAULT_DOCKER_BUILD_NAMESPACE="reg/org")
    with_namespace.script(SCRIPT, "baked", str(site_packages))
    with user.running("worker", "prefect", "worker", "start", "--pool", POOL, "--name", "whale"):
        yield user


def test_j04_a_pool_keeps_what_its_worker_needs_to_know(user: Stock) -> None:
    user.script(SCRIPT, "template")
    pool = user.server.get(f"work_pools/{POOL}")
    assert pool["type"] == "docker"
    variables = pool["base_job_template"]["variables"]["properties"]
    assert {"image", "image_pull_policy", "auto_remove", "env"} <= variables.keys()
    deployment = user.server.get("deployments/name/buy/existing")
    assert deployment["job_variables"] == {
        "image": "me/img:tag",
        "image_pull_policy": "Never",
        "env": {"A": "1"},
    }
    refused = user.refused("deployment", "run", "buy/existing", "-jv", "image_pull_policy=Rarely")
    assert "image_pull_policy" in refused
    user.prefect("worker", "start", "--pool", POOL, "--name", "ephemeral", "--run-once")
    workers = user.server.post(f"work_pools/{POOL}/workers/filter")
    assert "ephemeral" in {worker["name"] for worker in workers}


def test_j04_images_are_built_once_for_all_deployments_of_a_call(deployed: Stock) -> None:
    images = {
        name: deployed.server.get(f"deployments/name/{name}")["job_variables"]["image"]
        for name in ("buy/baked", "buy/custom", "buy/x", "sell/y")
    }
    assert images == {
        "buy/baked": "windlass-j04/img:tag",
        "buy/custom": "windlass-j04/own:1",
        "buy/x": "reg/org/img:dev",
        "sell/y": "reg/org/img:dev",
    }


def test_j04_runs_execute_in_containers_that_are_gone_afterwards(deployed: Stock) -> None:
    for name in ("buy/baked", "buy/custom"):
        deployed.prefect("deployment", "run", name)
    for deployment, said in {
        "buy/baked": "hello from /opt/prefect/project: A=1 B=None",
        "buy/custom": "hello from /opt/prefect/own: A=2 B=built",
    }.items():
        (asked,) = deployed.flow_runs_of(deployment)
        ended = deployed.wait_for_state(asked["id"], "Completed", "Failed", "Crashed")
        assert ended["state_name"] == "Completed", (deployed.folder / "worker.log").read_text()
        assert ended["infrastructure_pid"]
        deployed.wait_for_log(asked["id"], said)
    wait_until(
        lambda: json.loads(deployed.script(SCRIPT, "leftovers").splitlines()[-1]) == [],
        timeout=PATIENCE,
        description="the containers to be removed",
    )
