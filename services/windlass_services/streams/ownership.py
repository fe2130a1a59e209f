"""Who may consume which partition: broker groups neither own nor rebalance, so leases do."""

from typing import Protocol

from windlass_services.streams.protocol import PARTITIONS


class Ownership(Protocol):
    """The partitions of one topic and group that belong to this process now."""

    async def owned(self) -> frozenset[int]:
        """What is ours at this moment; asked about once a second."""
        ...


class OwnsAll:
    """Ownership where there is one process: everything, always."""

    async def owned(self) -> frozenset[int]:
        return frozenset(range(PARTITIONS))
