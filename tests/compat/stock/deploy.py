"""Deploys `greet` to the pool `machines`, to run once soon on its schedule."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from prefect import flow
from prefect.schedules import Interval

if __name__ == "__main__":
    soon = datetime.now(UTC) + timedelta(seconds=3)
    flow.from_source(source=str(Path(__file__).parent), entrypoint="flows.py:greet").deploy(
        name="on-schedule",
        work_pool_name="machines",
        schedule=Interval(timedelta(days=1), anchor_date=soon),
        parameters={"name": "clock"},
    )
