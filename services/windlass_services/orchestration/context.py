"""What every service works with."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from windlass.clock import Clock
from windlass.settings import Settings
from windlass_services.orchestration.orchestrator import Orchestrator
from windlass_services.runtime.pulse import Pulse
from windlass_services.storage.database import Database
from windlass_services.streams.protocol import Streams
from windlass_services.streams.publisher import Publisher


@dataclass(frozen=True, slots=True)
class ServiceContext:
    """Everything that one process opened. Made in `processes`, passed down, never global."""

    instance_id: UUID
    database: Database
    streams: Streams
    publisher: Publisher
    orchestrator: Orchestrator
    settings: Settings
    clock: Clock
    pulse: Pulse

    @property
    def grace(self) -> timedelta:
        """How long what is under way may take to end, once the process is told to stop."""
        return timedelta(seconds=self.settings.server.shutdown_grace_seconds)
