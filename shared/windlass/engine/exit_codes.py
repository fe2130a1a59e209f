"""With which status the process of a flow run exits: what a worker can tell from it.

Every status but `NOT_REPORTED` and that of a signal says that the server knows how the run ended.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit status of a process that ran one flow run."""

    COMPLETED = 0
    """The run completed. Also: it was suspended, or the server did not let it start."""
    FAILED = 1
    """The run failed, and the server knows."""
    UNREACHABLE = 69
    """The server could not be reached, so that it does not know how the run ended."""
    CRASHED = 70
    """The run crashed, and the server knows."""
    CANCELLED = 71
    """The run was cancelled, and the server knows."""
    SUPERSEDED = 75
    """Another execution owns the run: this one stopped, and wrote no state."""
    NOT_LOADED = 78
    """The code of the flow could not be loaded: the run crashed, and the server knows."""


REPORTED = frozenset(ExitCode) - {ExitCode.UNREACHABLE}
"""The statuses after which the server knows how the run ended, or need not know."""
