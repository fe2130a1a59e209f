"""Inputs of flow runs, and resuming the runs that wait for them."""

from collections.abc import Collection
from uuid import UUID

from windlass.client._sync.resource import SyncResource
from windlass.schemas.base import JsonObject
from windlass.schemas.flow_run_inputs import FlowRunInput, FlowRunInputCreate, FlowRunInputQuery
from windlass.schemas.flow_runs import FlowRunResume
from windlass.schemas.orchestration import OrchestrationResult


class SyncFlowRunInputs(SyncResource):
    """The methods for inputs of flow runs."""

    def create_flow_run_input(
        self, flow_run_id: UUID, key: str, value: str, sender: str | None = None
    ) -> None:
        """Send a value, which is JSON as text, to a run.

        Raises `ObjectNotFound` for the run, `ObjectAlreadyExists` for the key.
        """
        body = FlowRunInputCreate(key=key, value=value, sender=sender)
        self._request("POST", f"/flow_runs/{flow_run_id}/input", body=body)

    def read_flow_run_input(self, flow_run_id: UUID, key: str) -> str:
        """The value of a key, as it was sent. Raises `ObjectNotFound`."""
        return (self._request("GET", f"/flow_runs/{flow_run_id}/input/{key}")).text

    def filter_flow_run_input(
        self,
        flow_run_id: UUID,
        key_prefix: str,
        limit: int = 1,
        exclude_keys: Collection[str] = (),
    ) -> list[FlowRunInput]:
        """The first values whose keys begin so, but for some keys, the oldest first."""
        path = f"/flow_runs/{flow_run_id}/input/filter"
        body = FlowRunInputQuery(prefix=key_prefix, limit=limit, exclude_keys=sorted(exclude_keys))
        return self._read_list(FlowRunInput, "POST", path, body=body)

    def delete_flow_run_input(self, flow_run_id: UUID, key: str) -> None:
        """Delete a value. Raises `ObjectNotFound`."""
        self._request("DELETE", f"/flow_runs/{flow_run_id}/input/{key}")

    def resume_flow_run(
        self, flow_run_id: UUID, run_input: JsonObject | None = None
    ) -> OrchestrationResult:
        """Let a paused run go on; the answer says whether it does. Raises `ObjectNotFound`."""
        path = f"/flow_runs/{flow_run_id}/resume"
        body = FlowRunResume(run_input=run_input)
        return self._read(OrchestrationResult, "POST", path, body=body)
