"""A flow of which only so many runs may be active.

python j10_gate.py deploy    # deployments to the pool `pool`; prints what was refused
python j10_gate.py submit DEPLOYMENT NUMBER
python j10_gate.py serve
"""

import json
import sys
import time
from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments import run_deployment

SEEN = Path.home() / "seen"


@flow
def gate(name: str, number: int):
    """Goes on until the gate of this name is open."""
    (SEEN / f"{name}-start-{number}").write_text(str(time.time()))
    while not (SEEN / f"{name}-open").exists():
        time.sleep(0.1)
    (SEEN / f"{name}-end-{number}").write_text(str(time.time()))


def deploy(name: str, limit: ConcurrencyLimitConfig, **options) -> None:
    here = Path(__file__)
    gate.from_source(source=str(here.parent), entrypoint=f"{here.name}:gate").deploy(
        name=name, work_pool_name="pool", concurrency_limit=limit, print_next_steps=False, **options
    )


def deploy_all() -> dict[str, str]:
    SEEN.mkdir(exist_ok=True)
    cancel_new = ConcurrencyLimitConfig(
        limit=2, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
    )
    deploy("cancel-new", cancel_new)
    # A command that never tells the API that the run has started.
    patient = ConcurrencyLimitConfig(limit=1, grace_period_seconds=60)
    deploy("never-starts", patient, job_variables={"command": "true"})
    refused = {"no limit": {"limit": 0}, "no patience": {"limit": 1, "grace_period_seconds": 59}}
    return {name: named(options) for name, options in refused.items()}


def named(options) -> str:
    try:
        deploy("refused", ConcurrencyLimitConfig(**options))
    except Exception as error:
        return type(error).__name__
    return "nothing"


if __name__ == "__main__":
    if sys.argv[1] == "deploy":
        print(json.dumps(deploy_all()))
    elif sys.argv[1] == "serve":
        gate.serve(name="served", global_limit=1)
    else:
        name = sys.argv[2]
        for number in range(int(sys.argv[3])):
            given = {"name": name, "number": number}
            run_deployment(f"gate/{name}", parameters=given, timeout=0)
