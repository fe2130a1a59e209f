"""What every part of the agent works with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from windlass.client.orchestration import WindlassClient
from windlass.schemas.work_pools import WorkPool
from windlass_workers.agent.options import WorkerOptions
from windlass_workers.agent.pulse import Pulse
from windlass_workers.agent.records import Records
from windlass_workers.agent.slots import Slots
from windlass_workers.agent.waking import Waking
from windlass_workers.contract import JobVariables, Worker


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
