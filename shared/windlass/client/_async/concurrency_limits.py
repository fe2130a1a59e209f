"""Concurrency limits, by name and by tag, and their slots."""

from collections.abc import Sequence
from uuid import UUID

from windlass.client._async.resource import AsyncResource
from windlass.exceptions import ObjectNotFound
from windlass.schemas.concurrency_limits import (
    ConcurrencyLeaseHolder,
    ConcurrencyLimit,
    ConcurrencyLimitCreate,
    ConcurrencyLimitV2,
    ConcurrencyLimitWithLeaseResponse,
    GlobalConcurrencyLimitCreate,
    GlobalConcurrencyLimitResponse,
    GlobalConcurrencyLimitUpdate,
    LeaseRenewal,
    LeaseToRelease,
    MinimalConcurrencyLimitResponse,
    SlotMode,
    SlotsToLease,
    SlotsToRelease,
    SlotsToTake,
    TagLimitReset,
    TagSlots,
)
from windlass.schemas.filters.criteria import Window


class AsyncConcurrencyLimits(AsyncResource):
    """The methods for concurrency limits."""

    async def create_concurrency_limit(self, tag: str, concurrency_limit: int) -> UUID:
        """Limit the running task runs with a tag, or change their limit; returns its id."""
        body = ConcurrencyLimitCreate(tag=tag, concurrency_limit=concurrency_limit)
        return (await self._read(ConcurrencyLimit, "POST", "/concurrency_limits/", body=body)).id

    async def read_concurrency_limit_by_tag(self, tag: str) -> ConcurrencyLimit:
        """Raises `ObjectNotFound`."""
        return await self._read(ConcurrencyLimit, "GET", f"/concurrency_limits/tag/{tag}")

    async def read_concurrency_limits(self, limit: int, offset: int = 0) -> list[ConcurrencyLimit]:
        """One window of the limits of tags, by tag."""
        body = Window(limit=limit, offset=offset)
        path = "/concurrency_limits/filter"
        return await self._read_list(ConcurrencyLimit, "POST", path, body=body)

    async def reset_concurrency_limit_by_tag(
        self, tag: str, slot_override: Sequence[UUID] | None = None
    ) -> None:
        """Free the slots of a tag, and let these task runs hold them. Raises `ObjectNotFound`."""
        body = TagLimitReset(slot_override=None if slot_override is None else [*slot_override])
        await self._request("POST", f"/concurrency_limits/tag/{tag}/reset", body=body)

    async def delete_concurrency_limit_by_tag(self, tag: str) -> None:
        """Raises `ObjectNotFound`."""
        await self._request("DELETE", f"/concurrency_limits/tag/{tag}")

    async def increment_v1_concurrency_slots(
        self, names: Sequence[str], task_run_id: UUID
    ) -> list[MinimalConcurrencyLimitResponse]:
        """Take a slot of every limited tag for a task run. Raises `SlotsTaken`."""
        body = TagSlots(names=[*names], task_run_id=task_run_id)
        return await self._limits("/concurrency_limits/increment", body)

    async def decrement_v1_concurrency_slots(
        self, names: Sequence[str], task_run_id: UUID, occupancy_seconds: float | None = None
    ) -> list[MinimalConcurrencyLimitResponse]:
        """Give back the slots of a task run; the server knows how long they were held."""
        del occupancy_seconds
        body = TagSlots(names=[*names], task_run_id=task_run_id)
        return await self._limits("/concurrency_limits/decrement", body)

    async def create_global_concurrency_limit(
        self, concurrency_limit: GlobalConcurrencyLimitCreate
    ) -> UUID:
        """Make a limit; returns its id. Raises `ObjectAlreadyExists`."""
        path = "/v2/concurrency_limits/"
        return (await self._read(ConcurrencyLimitV2, "POST", path, body=concurrency_limit)).id

    async def read_global_concurrency_limit_by_name(
        self, name: str
    ) -> GlobalConcurrencyLimitResponse:
        """Raises `ObjectNotFound`."""
        path = f"/v2/concurrency_limits/{name}"
        return await self._read(GlobalConcurrencyLimitResponse, "GET", path)

    async def read_global_concurrency_limits(
        self, limit: int | None = 10, offset: int = 0
    ) -> list[GlobalConcurrencyLimitResponse]:
        """One window of all limits, by name; `limit` None gives as many as the server does."""
        body = Window(limit=limit, offset=offset)
        path = "/v2/concurrency_limits/filter"
        return await self._read_list(GlobalConcurrencyLimitResponse, "POST", path, body=body)

    async def update_global_concurrency_limit(
        self, name: str, concurrency_limit: GlobalConcurrencyLimitUpdate
    ) -> None:
        """Change what is set. Raises `ObjectNotFound`, `ObjectAlreadyExists`."""
        await self._request("PATCH", f"/v2/concurrency_limits/{name}", body=concurrency_limit)

    async def upsert_global_concurrency_limit_by_name(self, name: str, limit: int) -> None:
        """Set the limit of this name, which is made if there is none. Not atomic."""
        try:
            await self.update_global_concurrency_limit(
                name, GlobalConcurrencyLimitUpdate(limit=limit)
            )
        except ObjectNotFound:
            wanted = GlobalConcurrencyLimitCreate(name=name, limit=limit)
            await self.create_global_concurrency_limit(wanted)

    async def delete_global_concurrency_limit_by_name(self, name: str) -> None:
        """Raises `ObjectNotFound`."""
        await self._request("DELETE", f"/v2/concurrency_limits/{name}")

    async def increment_concurrency_slots(
        self, names: Sequence[str], slots: int, mode: SlotMode = "concurrency"
    ) -> list[MinimalConcurrencyLimitResponse]:
        """Take slots of every limit or of none; returns the limits there are.

        Raises `SlotsTaken`, and `RequestInvalid` for what no waiting makes possible.
        """
        body = SlotsToTake(names=[*names], slots=slots, mode=mode)
        return await self._limits("/v2/concurrency_limits/increment", body)

    async def release_concurrency_slots(
        self, names: Sequence[str], slots: int, occupancy_seconds: float | None = None
    ) -> list[MinimalConcurrencyLimitResponse]:
        """Give back slots that were taken without a lease, and held for so many seconds."""
        body = SlotsToRelease(names=[*names], slots=slots)
        if occupancy_seconds is not None:
            body.occupancy_seconds = occupancy_seconds
        return await self._limits("/v2/concurrency_limits/decrement", body)

    async def increment_concurrency_slots_with_lease(
        self,
        names: Sequence[str],
        slots: int,
        mode: SlotMode = "concurrency",
        lease_duration: float = 300,
        holder: ConcurrencyLeaseHolder | None = None,
    ) -> ConcurrencyLimitWithLeaseResponse:
        """The same until the lease, of so many seconds, is over or given back."""
        body = SlotsToLease(
            names=[*names], slots=slots, mode=mode, lease_duration=lease_duration, holder=holder
        )
        path = "/v2/concurrency_limits/increment-with-lease"
        return await self._read(ConcurrencyLimitWithLeaseResponse, "POST", path, body=body)

    async def renew_concurrency_lease(self, lease_id: UUID, lease_duration: float = 300) -> None:
        """Let a lease last so many seconds from now. Raises `LeaseLost`."""
        body = LeaseRenewal(lease_duration=lease_duration)
        await self._request("POST", f"/v2/concurrency_limits/leases/{lease_id}/renew", body=body)

    async def release_concurrency_slots_with_lease(self, lease_id: UUID) -> None:
        """Give back the slots of a lease; one that is over has given them back already."""
        body = LeaseToRelease(lease_id=lease_id)
        await self._request("POST", "/v2/concurrency_limits/decrement-with-lease", body=body)

    async def _limits(
        self, path: str, body: TagSlots | SlotsToTake | SlotsToRelease
    ) -> list[MinimalConcurrencyLimitResponse]:
        return await self._read_list(MinimalConcurrencyLimitResponse, "POST", path, body=body)
