"""Slots of concurrency limits: waited for, held while code runs, and given back.

Descriptions, as runs are: `windlass.concurrency` and the runs of tasks with tags both use them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING, Final
from uuid import UUID

from windlass.engine.effects import Description, Effect, Sleep
from windlass.engine.session import Session
from windlass.engine.slot_events import emit_slot_events
from windlass.engine.slot_leases import KeptLease, keeper_of_process
from windlass.exceptions import (
    AcquireConcurrencySlotTimeoutError,
    ApiError,
    ConcurrencySlotAcquisitionError,
    RequestInvalid,
    ServerUnreachable,
    SlotsTaken,
)
from windlass.logging.loggers import get_logger

if TYPE_CHECKING:
    # Most runs ask for no slots, and pay for no models of them.
    from windlass.schemas.concurrency_limits import (
        ConcurrencyLeaseHolder,
        ConcurrencyLimitWithLeaseResponse,
        SlotMode,
    )

TASK_LEASE_SECONDS: Final = 60.0
"""How long the slots of a task run outlive its process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSlots:
    """So many slots of every limit of these names, and how long to wait for them."""

    names: Sequence[str]
    occupy: int = 1
    mode: "SlotMode" = "concurrency"
    timeout_seconds: float | None = None
    max_retries: int | None = None
    lease_seconds: float = 300.0
    holder: "ConcurrencyLeaseHolder | None" = None


class HeldSlots:
    """Slots that are held, the lease that is kept alive for them, and what was said of them."""

    __slots__ = ("answer", "events", "lease", "wanted")

    def __init__(self, answer: "ConcurrencyLimitWithLeaseResponse", wanted: WantedSlots) -> None:
        self.answer = answer
        self.wanted = wanted
        self.lease: KeptLease | None = None
        self.events: Mapping[UUID, UUID] = {}

    @property
    def task_run_id(self) -> UUID | None:
        """The task run that holds them, if one does."""
        holder = self.wanted.holder
        return holder.id if holder is not None and holder.type == "task_run" else None


def take_slots(wanted: WantedSlots) -> Description[HeldSlots]:
    """Wait until all slots are taken.

    Raises AcquireConcurrencySlotTimeoutError when the time to wait is over, and
    ConcurrencySlotAcquisitionError when that was tried often enough or is refused for good.
    """
    limit = wanted.timeout_seconds
    deadline = None if limit is None else monotonic() + limit
    for attempt in count():
        try:
            answer = yield from AskForSlots(wanted)
        except SlotsTaken as refusal:
            if refusal.retry_after is None or attempt == wanted.max_retries:
                raise _refused(wanted) from refusal
            if deadline is not None and monotonic() >= deadline:
                raise AcquireConcurrencySlotTimeoutError(
                    f"The slots of {_names(wanted.names)} were not free within {limit:g} seconds."
                ) from refusal
            yield from Sleep(_pause(refusal.retry_after, deadline))
        except RequestInvalid as refusal:
            raise _refused(wanted) from refusal
        else:
            return HeldSlots(answer, wanted)
    raise AssertionError("there is always another attempt")


def check_known(wanted: WantedSlots, held: HeldSlots, *, strict: bool) -> Description[None]:
    """Warn of names without a limit; where `strict`, give everything back and raise
    ConcurrencySlotAcquisitionError."""
    known = {limit.name for limit in held.answer.limits}
    missing = [name for name in wanted.names if name not in known]
    if not missing:
        return
    if strict:
        yield from GiveBackSlots(held)
        raise ConcurrencySlotAcquisitionError(
            f"There is no concurrency limit named {_names(missing)}. Create it first, with"
            " `windlass global-concurrency-limit create`, or do not ask for it strictly."
        )
    get_logger("concurrency").warning(
        "There is no concurrency limit named %s: nothing is waited for.", _names(missing)
    )


@dataclass(frozen=True, slots=True)
class AskForSlots(Effect["ConcurrencyLimitWithLeaseResponse"]):
    """Asks once."""

    wanted: WantedSlots
    blocks = True

    def perform(self, session: Session) -> "ConcurrencyLimitWithLeaseResponse":
        from windlass.schemas.concurrency_limits import SlotsToLease  # noqa: PLC0415

        wanted = self.wanted
        asked = SlotsToLease(
            names=[*wanted.names],
            slots=wanted.occupy,
            mode=wanted.mode,
            lease_duration=wanted.lease_seconds,
        )
        if wanted.holder is not None:
            asked.holder = wanted.holder
        return session.orchestration.take_slots(asked)


@dataclass(frozen=True, slots=True)
class KeepSlots(Effect[None]):
    """Says that slots are held, and renews their lease from now on, unless decay frees them.

    `lost` is called, on another thread, when the lease is over.
    """

    held: HeldSlots
    lost: Callable[[Exception], None]

    def perform(self, session: Session) -> None:
        held, wanted = self.held, self.held.wanted
        limits = held.answer.limits
        if limits:
            held.events = emit_slot_events(
                session, "acquired", limits, wanted.occupy, task_run_id=held.task_run_id
            )
        if limits and wanted.mode == "concurrency":
            held.lease = keeper_of_process().keep(
                session.orchestration, held.answer.lease_id, wanted.lease_seconds, self.lost
            )


@dataclass(frozen=True, slots=True)
class GiveBackSlots(Effect[None]):
    """Gives the slots back. Where nobody answers, the end of the lease does it."""

    held: HeldSlots
    blocks = True

    def perform(self, session: Session) -> None:
        held = self.held
        if not held.answer.limits:
            return
        if held.lease is not None:
            held.lease.drop()
        try:
            session.orchestration.give_back_slots(held.answer.lease_id)
        except (ApiError, ServerUnreachable) as error:
            get_logger("concurrency").warning(
                "The slots were not given back, and stay taken until their lease ends: %s", error
            )
        if held.events:
            emit_slot_events(
                session,
                "released",
                held.answer.limits,
                held.wanted.occupy,
                task_run_id=held.task_run_id,
                follows=held.events,
            )


def warn_of_loss(error: Exception) -> None:
    """What losing a lease means to those who are not strict."""
    get_logger("concurrency").warning(
        "The lease of concurrency slots is over, and others may have them now: %s", error
    )


def task_run_slots(tags: Sequence[str], task_run_id: UUID) -> WantedSlots:
    """What a task run with these tags needs."""
    from windlass.schemas.concurrency_limits import ConcurrencyLeaseHolder  # noqa: PLC0415

    return WantedSlots(
        names=[f"tag:{tag}" for tag in tags],
        lease_seconds=TASK_LEASE_SECONDS,
        holder=ConcurrencyLeaseHolder(type="task_run", id=task_run_id),
    )


def _pause(retry_after: float, deadline: float | None) -> float:
    if deadline is None:
        return retry_after
    return min(retry_after, max(deadline - monotonic(), 0))


def _refused(wanted: WantedSlots) -> ConcurrencySlotAcquisitionError:
    return ConcurrencySlotAcquisitionError(
        f"Unable to acquire concurrency slots on {_names(wanted.names)}."
    )


def _names(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
