"""Another flow of the project."""

from pathlib import Path

from prefect import flow


@flow(log_prints=True)
def other_flow():
    print(f"b is in {Path.cwd()}")
