"""Every duty of the scheduler: the catalogue."""

from collections.abc import Callable
from typing import Final

from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty

from . import (
    abandoned_runs,
    cancelled_children,
    catch_up,
    deletions,
    expired_executions,
    late_runs,
    materialise,
    measurements,
    overdue_cancellations,
    partitions,
    pause_expirations,
    retention,
    run_counts,
    slot_leases,
    statuses,
    teardowns,
)

LOOPS: Final[tuple[Callable[[ServiceContext], Duty | None], ...]] = (
    materialise.duty,
    late_runs.duty,
    catch_up.duty,
    pause_expirations.duty,
    expired_executions.duty,
    cancelled_children.duty,
    overdue_cancellations.duty,
    teardowns.duty,
    abandoned_runs.duty,
    slot_leases.duty,
    statuses.duty,
    partitions.duty,
    deletions.duty,
    retention.duty,
    run_counts.duty,
    measurements.duty,
)
"""Each makes its duty from what the process opened; None when a setting switches it off."""
