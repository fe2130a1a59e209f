"""Artifacts that are made and changed, and assets that tasks materialize; prints ids as JSON."""

import json
from contextlib import suppress

from prefect import flow, task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.assets import add_asset_metadata, materialize
from prefect.cache_policies import INPUTS

seen = {}


@task
def fetch():
    id = create_progress_artifact(progress=0.0, description="p")
    for n in range(1, 11):
        update_progress_artifact(artifact_id=id, progress=n * 10)
    seen["progress"] = str(id)


@task
def tables():
    kinds = ([{"a": 1}], [[1, 2], [3, 4]], {"a": [1, 2]})
    seen["tables"] = [str(create_table_artifact(table=table)) for table in kinds]
    seen["unkeyed"] = str(create_markdown_artifact("# Mine"))


@materialize("file://dir/raw.csv")
def extract():
    add_asset_metadata("file://dir/raw.csv", {"rows": 2})
    return "x"


@materialize("s3://b/clean.csv", asset_deps=["postgres://db/users"])
def transform(raw, fails=False):
    if fails:
        raise ValueError(raw)
    create_table_artifact(key="report", table=[{"a": 1}], description="# T")


@materialize("s3://b/cached.csv", cache_policy=INPUTS, persist_result=True)
def remembered(x):
    return x


@flow
def working():
    fetch()
    tables()
    raw = extract()
    transform(raw)
    transform.with_options(assets=["s3://b/dev/clean.csv"])(raw)
    remembered(1)
    remembered(1)


@flow
def failing():
    transform(extract(), fails=True)


if __name__ == "__main__":
    working()
    with suppress(ValueError):
        failing()
    print(json.dumps(seen))
