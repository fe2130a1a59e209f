"""From an exit code to a sentence that says what ended a process."""

import signal
from typing import Final

from windlass.engine.exit_codes import ExitCode
from windlass_workers.contract import Exit

_MEANINGS: Final[dict[int, str]] = {
    ExitCode.UNREACHABLE: "it could not reach the server",
    ExitCode.SUPERSEDED: "another execution owns the run now",
    ExitCode.NOT_LOADED: "the flow could not be loaded",
    126: "the command could not be executed",
    127: "the command was not found",
}


def exit_from_code(code: int, *, was_out_of_memory: bool) -> Exit:
    """`code` as `subprocess` gives it: negative for the signal that ended the process.

    The kernel's out-of-memory killer is named where it acted.
    """
    if code == 0:
        return Exit(0)
    if code > 0:
        meaning = f": {_MEANINGS[code]}" if code in _MEANINGS else ""
        return Exit(code, f"The process of the run exited with status {code}{meaning}.")
    reason = f"The process of the run was ended by {_name(-code)}."
    if -code == signal.SIGKILL and was_out_of_memory:
        reason = (
            "The process of the run was ended by SIGKILL while the machine was out of memory: give"
            " it more memory, or run fewer flow runs at once (`--limit`)."
        )
    return Exit(128 - code, reason)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
