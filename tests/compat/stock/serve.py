"""Serves a flow, without a pool, on a schedule that is due once soon."""

from datetime import UTC, datetime, timedelta

from prefect import flow
from prefect.schedules import Interval


@flow(log_prints=True)
def tick(word="tick"):
    print(f"the clock says {word}")


if __name__ == "__main__":
    soon = datetime.now(UTC) + timedelta(seconds=3)
    tick.serve(
        name="served",
        schedule=Interval(timedelta(days=1), anchor_date=soon),
        parameters={"word": "tock"},
    )
