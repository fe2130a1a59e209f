"""Flows that ask a person before they go on; each prints what it returned.

    python j16_approval.py FLOW
    python j16_approval.py deploy

The last one deploys the flow that leaves its process while it waits.
"""

import sys
from pathlib import Path

from prefect import flow, task
from prefect.flow_runs import pause_flow_run, suspend_flow_run
from prefect.input import RunInput


class CleanupApproval(RunInput):
    approve: bool = False
    notes: str = ""


def approval_of(preview):
    return CleanupApproval.with_initial_data(description=f"**{preview}**")


@flow
def get_approval(preview="3 rows"):
    answer = pause_flow_run(wait_for_input=approval_of(preview), timeout=3600, poll_interval=1)
    return answer.approve, answer.notes


@task
def ask(preview):
    answer = pause_flow_run(wait_for_input=approval_of(preview), timeout=3600, poll_interval=1)
    return answer.approve, answer.notes


@flow
def ask_in_a_task():
    return ask("4 rows")


@flow
def nobody_answers():
    pause_flow_run(wait_for_input=approval_of("5 rows"), timeout=2, poll_interval=1)


@flow(log_prints=True)
def leave():
    answer = suspend_flow_run(wait_for_input=approval_of("6 rows"), timeout=3600)
    print(f"went on with {answer.notes}")


if __name__ == "__main__":
    if sys.argv[1] == "deploy":
        leave.from_source(
            source=str(Path(__file__).parent), entrypoint=f"{Path(__file__).name}:leave"
        ).deploy(name="d", work_pool_name="office")
    else:
        print(globals()[sys.argv[1]]())
