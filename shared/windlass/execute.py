"""Carries out one claimed run in this process: finds its code, loads the flow, and runs it.

`python -m windlass.execute` reads the claim from the file that WINDLASS__CLAIM_FILE names.
"""

import os
import sys
import traceback
from pathlib import Path
from typing import Any, Final

from windlass.client.orchestration import get_client
from windlass.clock import utc_now
from windlass.deployments.steps.core import run_steps
from windlass.engine.entry import run_claimed
from windlass.engine.exit_codes import ExitCode
from windlass.entrypoints import load_flow_from_entrypoint
from windlass.exceptions import MissingFlowError, Superseded, WindlassError
from windlass.schemas.deployments import Deployment
from windlass.schemas.executions import ClaimedRun
from windlass.schemas.logs import LogCreate
from windlass.schemas.orchestration import SetState
from windlass.schemas.states import StateCreate, StateType
from windlass.settings import handed_over, speak_for, speak_with

_ERROR: Final = 40


def main() -> int:
    """Carry out the claim in the file; returns the exit code."""
    path = handed_over("CLAIM_FILE")
    if path is None:
        sys.stderr.write(
            "WINDLASS__CLAIM_FILE is not set: this is how a worker starts a run. To start one by"
            " hand, use `windlass deployment run` or `windlass flow-run execute`.\n"
        )
        return ExitCode.NOT_LOADED
    claimed = ClaimedRun.model_validate_json(Path(path).read_bytes())
    return execute(claimed)


def execute(claimed: ClaimedRun) -> int:
    """Run the flow of a claimed run to its end and return the exit code of its process.

    A run whose flow cannot be loaded crashes, with the reason as its message.
    """
    speak_for(claimed.execution_id)
    if claimed.token is not None:
        speak_with(claimed.token.get_secret_value())
    try:
        flow = load_flow(claimed.deployment)
    except Exception as error:
        return report_not_loaded(claimed, error)
    return run_claimed(claimed, flow)


def load_flow(deployment: Deployment | None) -> Any:
    """Prepare the code of a deployment as it says, and load its flow.

    Changes the working directory. Raises MissingFlowError, ScriptError and StepExecutionError.
    """
    if deployment is None or not deployment.entrypoint:
        whose = f"The deployment {deployment.name!r}" if deployment else "A run without deployment"
        raise MissingFlowError(
            f"{whose} has no entrypoint: nothing says where its code is. Deploy the flow again."
        )
    if deployment.pull_steps:
        outputs = run_steps(deployment.pull_steps)
        if directory := outputs.get("directory"):
            os.chdir(directory)
    elif deployment.path:
        _enter(Path(deployment.path).expanduser())
    _prefer_modules_in(Path.cwd())
    return load_flow_from_entrypoint(deployment.entrypoint)


def report_not_loaded(claimed: ClaimedRun, error: Exception) -> int:
    """Say why the run cannot start, in its log and as the message of its state."""
    reason = f"The flow could not be loaded. {_sentence(error)}"
    details = "".join(traceback.format_exception(error))
    sys.stderr.write(f"{reason}\n{details}")
    record = LogCreate(
        name="windlass.flow_runs",
        level=_ERROR,
        message=f"{reason}\n{details}",
        timestamp=utc_now(),
        flow_run_id=claimed.flow_run.id,
    )
    crashed = StateCreate(type=StateType.CRASHED, message=reason)
    try:
        with get_client(sync_client=True) as client:
            client.propose_flow_run_state(
                claimed.flow_run.id,
                SetState(state=crashed, execution_id=claimed.execution_id),
            )
            client.create_logs([record])
    except Superseded:
        return ExitCode.SUPERSEDED
    except WindlassError as unheard:
        sys.stderr.write(f"{unheard}\n")
        return ExitCode.UNREACHABLE
    return ExitCode.NOT_LOADED


def _enter(directory: Path) -> None:
    if not directory.is_dir():
        raise MissingFlowError(
            f"The path of the deployment is not a directory of this machine: {directory}."
            " Run the worker where the code is, or give the deployment a pull step."
        )
    os.chdir(directory)


def _prefer_modules_in(directory: Path) -> None:
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, WindlassError) else f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    raise SystemExit(main())
