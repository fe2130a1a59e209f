"""Public: where a person or a program finds an object."""

from typing import Final
from uuid import UUID

_API: Final = "/api"


def ui_url_of(api_url: str) -> str:
    """The address of the pages that belong to the API at `api_url`."""
    return api_url.rstrip("/").removesuffix(_API)


def flow_run_url(ui_url: str | None, flow_run_id: UUID) -> str | None:
    """The page of a flow run; None where there are no pages."""
    return ui_url and f"{ui_url}/runs/flow-run/{flow_run_id}"


def task_run_url(ui_url: str | None, task_run_id: UUID) -> str | None:
    """The page of a task run; None where there are no pages."""
    return ui_url and f"{ui_url}/runs/task-run/{task_run_id}"
