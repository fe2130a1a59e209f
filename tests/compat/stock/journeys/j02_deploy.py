"""Deploys a flow of this file to a work pool; `submit POOL` has it run twenty times there."""

import sys
from pathlib import Path

from prefect import flow
from prefect.deployments import run_deployment


@flow(log_prints=True)
def my_flow(name: str = "you", number: int | None = None):
    print(f"hello {name}")
    if number is None:
        return
    with (Path.home() / "executed.txt").open("a") as executed:
        executed.write(f"{number}\n")


def deploy(pool: str) -> None:
    here = Path(__file__)
    my_flow.from_source(source=str(here.parent), entrypoint=f"{here.name}:my_flow").deploy(
        name=pool, work_pool_name=pool, print_next_steps=False
    )


if __name__ == "__main__":
    if sys.argv[1] == "submit":
        for number in range(20):
            run_deployment(f"my-flow/{sys.argv[2]}", parameters={"number": number}, timeout=0)
    else:
        for pool in sys.argv[1:]:
            deploy(pool)
