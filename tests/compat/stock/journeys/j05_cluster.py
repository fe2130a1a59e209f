"""A pool of a cluster, whose jobs are rendered and handed to no cluster at all.

    python j05_cluster.py pool | deploy | work

`work` is a worker as the documentation teaches to write one: it takes what is due once, and prints
the manifests, as JSON, by the names of the runs.
"""

import asyncio
import json
import sys
from typing import Any

from prefect import flow, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult
from pydantic import Field

POOL = "k8s-pool"
manifests = {}


class ClusterConfiguration(BaseJobConfiguration):
    namespace: str = Field(default="default")
    job_manifest: dict[str, Any] = Field(
        json_schema_extra={
            "template": {
                "metadata": {"namespace": "{{ namespace }}"},
                "image": "{{ image }}",
                "env": "{{ env }}",
            }
        }
    )


class ClusterVariables(BaseVariables):
    namespace: str = Field(default="default", description="Where jobs are made.")
    image: str | None = Field(default=None, description="What they run.")


class ClusterWorker(BaseWorker):
    type = "kubernetes"
    job_configuration = ClusterConfiguration
    job_configuration_variables = ClusterVariables

    async def run(self, flow_run, configuration, task_status=None):
        if configuration.job_manifest["image"] == "me/missing:1":
            raise RuntimeError("ImagePullBackOff: me/missing:1 cannot be pulled")
        manifests[flow_run.name] = {**configuration.job_manifest, "labels": configuration.labels}
        if task_status:
            task_status.started(flow_run.name)
        return BaseWorkerResult(status_code=0, identifier=flow_run.name)


@flow
def hello():
    pass


async def make_pool():
    template = ClusterWorker.get_default_base_job_template()
    async with get_client() as client:
        await client.create_work_pool(
            WorkPoolCreate(name=POOL, type="kubernetes", base_job_template=template)
        )
    print(json.dumps(template))


def deploy():
    for name, variables in {
        "plain": {},
        "default": {"cpu_request": "500m", "env": {"A": "deployment", "B": "deployment"}},
    }.items():
        hello.deploy(
            name=name,
            work_pool_name=POOL,
            image="me/img:1",
            build=False,
            push=False,
            job_variables=variables,
            print_next_steps=False,
        )


async def work():
    await ClusterWorker(work_pool_name=POOL, name="crane").start(run_once=True)
    print(json.dumps(manifests))


if __name__ == "__main__":
    if sys.argv[1] == "deploy":
        deploy()
    else:
        asyncio.run({"pool": make_pool, "work": work}[sys.argv[1]]())
