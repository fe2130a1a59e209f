"""What to run in one process."""

import socket
from dataclasses import dataclass
from enum import StrEnum


class Service(StrEnum):
    """A service of the control plane."""

    API = "api"
    SCHEDULER = "scheduler"
    TRIGGERS = "triggers"


@dataclass(frozen=True, slots=True)
class Plan:
    """The services of one process and where they are reached.

    `listener` serves the API, or the probes alone where the API is not among the services.
    `watch_fd`: end when this descriptor reaches its end, that is, when the parent is gone.
    """

    services: frozenset[Service]
    listener: socket.socket
    watch_fd: int | None = None

    @property
    def is_alone(self) -> bool:
        """This process is the whole control plane."""
        return self.services == frozenset(Service)
