"""Executions: what a worker and a run's own process say about them."""

from collections.abc import Sequence

from windlass.client._async.resource import AsyncResource
from windlass.schemas.executions import (
    ClaimedRun,
    ClaimRequest,
    ClaimResponse,
    ExecutionEnded,
    ExecutionStarted,
    LeaseRenewal,
    RenewedLease,
    RenewRequest,
    RenewResponse,
)
from windlass.schemas.teardowns import Teardown, TeardownsTaken, TeardownsToTake, TornDown


class AsyncExecutions(AsyncResource):
    """The methods for executions."""

    async def claim(self, work_pool_name: str, request: ClaimRequest) -> list[ClaimedRun]:
        """Take runs of a pool; waits for one as long as the request says.

        Raises `ObjectNotFound` for the pool.
        """
        return (await self.ask_for_runs(work_pool_name, request)).runs

    async def ask_for_runs(self, work_pool_name: str, request: ClaimRequest) -> ClaimResponse:
        """The same, with all that the answer says."""
        return await self._read(
            ClaimResponse,
            "POST",
            f"/work_pools/{work_pool_name}/claim",
            body=request,
            timeout=request.wait_seconds + _TIME_TO_ANSWER,
        )

    async def report_started(self, started: ExecutionStarted) -> None:
        """Say what was started for an execution. Raises `ObjectNotFound`."""
        await self._request("POST", "/executions/started", body=started)

    async def report_ended(self, ended: ExecutionEnded) -> None:
        """Say how the infrastructure of an execution ended. Raises `ObjectNotFound`."""
        await self._request("POST", "/executions/ended", body=ended)

    async def take_teardowns(self, work_pool_name: str, asked: TeardownsToTake) -> list[Teardown]:
        """Take infrastructure of the pool to end. Raises `ObjectNotFound` for the pool."""
        path = f"/work_pools/{work_pool_name}/teardowns/take"
        return (await self._read(TeardownsTaken, "POST", path, body=asked)).teardowns

    async def report_torn_down(self, torn_down: TornDown) -> None:
        """Say what became of a teardown; one that is done already is not missed."""
        await self._request("POST", "/executions/torn_down", body=torn_down)

    async def renew(
        self, execution_ids: Sequence[str], *, timeout: float | None = None
    ) -> list[RenewedLease]:
        """Say that these executions are alive; the answers say what is wanted of them."""
        renewals = [LeaseRenewal(execution_id=id) for id in execution_ids]
        body = RenewRequest(renewals=renewals)
        response = await self._read(
            RenewResponse, "POST", "/executions/renew", body=body, timeout=timeout
        )
        return response.leases


_TIME_TO_ANSWER = 30.0
