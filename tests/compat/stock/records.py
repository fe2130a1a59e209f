"""Variables and artifacts, as a user of the stock package makes them. Prints what it saw."""

import asyncio
import json

from prefect import flow, task
from prefect.artifacts import (
    Artifact,
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.utilities.templating import resolve_variables
from prefect.variables import Variable

seen = {}


@task
def in_a_task():
    seen["in_task"] = str(create_markdown_artifact("# Two", key="report"))


@flow
def reporting():
    seen["in_flow"] = str(create_markdown_artifact("# One", key="report", description="first"))
    in_a_task()
    progress = create_progress_artifact(progress=0.0, key="progress")
    for percent in (50, 100):
        update_progress_artifact(artifact_id=progress, progress=percent)
    return Variable.get("crew")


def variables():
    Variable.set("crew", ["Z", {"a": None}], tags=["ship"])
    try:
        Variable.set("crew", 1)
    except ValueError as error:
        seen["taken"] = str(error)
    seen["default"] = Variable.get("nobody", default=5)
    seen["crew"] = reporting()
    Variable.set("crew", None, overwrite=True)
    seen["overwritten"] = Variable.get("crew")
    seen["unset"] = [Variable.unset("crew"), Variable.unset("crew")]


async def asynchronous():
    await Variable.aset("region", "eu")
    seen["resolved"] = await resolve_variables({"r": "{{ prefect.variables.region }}-1"})


def artifacts():
    create_link_artifact("https://example.com", link_text="there", key="link")
    create_table_artifact([{"a": 1}], key="table")
    create_image_artifact("https://example.com/a.png", key="image")
    seen["latest"] = Artifact.get("report").data
    seen["found"] = Artifact.get_or_create(key="report", data="x", type="t")[1]
    seen["made"] = Artifact.get_or_create(key="new", data="x", type="t")[1]
    seen["missing"] = Artifact.get("nothing")


if __name__ == "__main__":
    variables()
    asyncio.run(asynchronous())
    artifacts()
    print(json.dumps(seen))
