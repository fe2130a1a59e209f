"""What every part of the agent works with."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import anyio

from windlass.client.orchestration import WindlassClient
from windlass.schemas.work_pools import WorkPool
from windlass_workers.agent.options import WorkerOptions
from windlass_workers.agent.pulse import Pulse
from windlass_workers.agent.records import Records
from windlass_workers.agent.slots import Slots
from windlass_workers.agent.waking import Waking
from windlass_workers.contract import JobVariables, Worker


@dataclass(slots=True)
class SignsOfLife:
    """When the server was told last that the agent is there, and whether it hears it in claims:
    one of an older version does not."""

    told_at: float = -math.inf
    in_claims: bool = True

    def tell(self) -> None:
        """It is told now."""
        self.told_at = time.monotonic()

    def silence(self) -> float:
        """Seconds since it was told."""
        return time.monotonic() - self.told_at


@dataclass(slots=True)
class AgentContext:
    """One agent. `pool` is the work pool as it was last read."""

    name: str
    options: WorkerOptions
    client: WindlassClient
    worker: Worker[JobVariables]
    pool: WorkPool
    slots: Slots
    records: Records
    pulse: Pulse
    heartbeat_every: timedelta
    poll_every: timedelta
    environment: Mapping[str, str]
    """What every run needs to reach the server."""
    spools: Path | None = None
    """The folder of what processes could not tell; None: whatever is there stays there."""
    waking: Waking | None = None
    """None: no broker was named, and the agent waits at the API."""
    signs: SignsOfLife = field(default_factory=SignsOfLife)
    teardowns_wait: anyio.Event = field(default_factory=anyio.Event)
    """Set when the server says so, and made anew by who takes them."""
