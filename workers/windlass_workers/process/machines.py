"""Which machine a process is on, and whether that has been started again since."""

import os
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from windlass.schemas.base import JsonObject
from windlass.schemas.executions import Handle


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as one process sees it. None: it does not say, as in handles of older workers.

    Containers of one machine may share its name and not see each other's processes: those of
    another namespace.
    """

    hostname: str
    boot_id: str | None = None
    pid_namespace: str | None = None

    def can_see(self, other: "Machine") -> bool:
        """Whether a process there would be seen from here, or is gone with an earlier boot."""
        if self.hostname != other.hostname:
            return False
        return not self.is_still(other) or _agree(self.pid_namespace, other.pid_namespace)

    def is_still(self, other: "Machine") -> bool:
        """Whether there has been no boot between the two. No process outlives one."""
        return _agree(self.boot_id, other.boot_id)

    def as_json(self) -> JsonObject:
        """What a handle keeps of it."""
        return asdict(self)


def this_machine() -> Machine:
    """The machine of this process."""
    boot_id = namespace = None
    with suppress(OSError):
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = os.readlink("/proc/self/ns/pid")
    return Machine(socket.gethostname(), boot_id, namespace)


def machine_of(handle: Handle) -> Machine:
    """The machine that a handle was made on."""
    data = handle.data
    return Machine(data["hostname"], data.get("boot_id"), data.get("pid_namespace"))


def _agree(one: str | None, other: str | None) -> bool:
    return None in (one, other) or one == other
