"""The outbox that counts here, for what is logged anywhere in the process."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from windlass.reporting.outbox import Outbox


class _OfProcess:
    """The outbox of this process."""

    outbox: Outbox | None = None


_OUTBOX: ContextVar[Outbox | None] = ContextVar("windlass_outbox", default=None)


def current_outbox() -> Outbox | None:
    """The outbox of the surrounding `use_outbox`, else that of the process, if there is one."""
    return _OUTBOX.get() or _OfProcess.outbox


def set_process_outbox(outbox: Outbox | None) -> None:
    """Let this be the outbox of the process."""
    _OfProcess.outbox = outbox


@contextmanager
def use_outbox(outbox: Outbox) -> Generator[None]:
    """Let this be the outbox that counts in the block."""
    token = _OUTBOX.set(outbox)
    try:
        yield
    finally:
        _OUTBOX.reset(token)
