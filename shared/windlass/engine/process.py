"""The session of this process: the one that the settings ask for."""

import os
from dataclasses import dataclass
from threading import Lock
from typing import Final

from windlass.client.ephemeral import ensure_api, is_embedded, trouble_of_embedded
from windlass.context import TaskDefaults
from windlass.engine.http import HttpOrchestration
from windlass.engine.session import FlowDefaults, Session, chosen_session
from windlass.logging.configuration import setup_logging
from windlass.reporting.current import set_process_outbox
from windlass.reporting.folders import of_refused, of_this_machine, spool_folder
from windlass.reporting.lanes import Limits
from windlass.reporting.outbox import LOGS, Outbox
from windlass.reporting.spool import CAN_SPOOL, Spool
from windlass.settings import Secret, Settings, get_current_settings, handed_over
from windlass.utilities.urls import ui_url_of


def current_session() -> Session:
    """The session of the surrounding `use_session`, else that of the process.

    That one follows the current settings, over one connection pool and one outbox for each API.
    Where no API is configured, an embedded server is started. Raises SettingInvalid where that is
    not allowed, and what is wrong with the settings.
    """
    session = chosen_session()
    return session if session is not None else _of_process.session(get_current_settings())


@dataclass(frozen=True, slots=True)
class _Connection:
    orchestration: HttpOrchestration
    outbox: Outbox


class _OfProcess:
    """The connections of this process, and the session that was asked for last."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._connections: dict[tuple[str, Secret | None, Secret | None], _Connection] = {}
        self._last: tuple[Settings, Session] | None = None
        self._watches_forks = False

    def session(self, settings: Settings) -> Session:
        """The session for these settings."""
        last = self._last
        if last is not None and last[0] is settings:
            return last[1]
        with self._lock:
            setup_logging(settings)
            session = _session(self._connection(settings), settings)
            self._last = (settings, session)
            set_process_outbox(session.outbox)
            return session

    def _connection(self, settings: Settings) -> _Connection:
        url = settings.api.url or ensure_api()
        key = (url, settings.api.key, settings.api.auth_string)
        if key not in self._connections:
            self._watch_forks()
            self._connections[key] = _connect(url, settings)
        return self._connections[key]

    def _watch_forks(self) -> None:
        """Threads and connections of a parent are of no use to its child: it makes its own."""
        if not self._watches_forks and hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)
        self._watches_forks = True

    def _forget(self) -> None:
        for connection in self._connections.values():
            connection.outbox.abandon()
        self._lock = Lock()
        self._connections = {}
        self._last = None
        set_process_outbox(None)


_of_process: Final = _OfProcess()


def _connect(url: str, settings: Settings) -> _Connection:
    orchestration = HttpOrchestration.of(url, settings, trouble_of_embedded)
    to_api = settings.logging.to_api
    outbox = Outbox(
        orchestration.post,
        logs=Limits(
            batch=LOGS.batch,
            interval=to_api.batch_interval,
            capacity=LOGS.capacity,
            batch_bytes=to_api.batch_size,
        ),
        shutdown_seconds=settings.client.shutdown_wait_seconds,
        spool=_spool(url, settings),
        refused=of_refused(spool_folder(settings)),
    )
    return _Connection(orchestration, outbox)


def _spool(url: str, settings: Settings) -> Spool | None:
    """What an embedded server does not take, nobody would ever ask for."""
    most_bytes = settings.client.spool_max_bytes
    if not (CAN_SPOOL and most_bytes) or is_embedded(url):
        return None
    about = {
        "api_url": url.rstrip("/"),
        "execution_id": handed_over("EXECUTION_ID"),
        "process_id": os.getpid(),
    }
    return Spool(of_this_machine(spool_folder(settings)), about, most_bytes)


def _session(connection: _Connection, settings: Settings) -> Session:
    api_url = connection.orchestration.api_url
    return Session(
        orchestration=connection.orchestration,
        outbox=connection.outbox,
        flow_defaults=FlowDefaults(
            retries=settings.flows.default_retries,
            retry_delay_seconds=_first(settings.flows.default_retry_delay_seconds),
            log_prints=settings.logging.log_prints,
        ),
        task_defaults=TaskDefaults(
            retries=settings.tasks.default_retries,
            retry_delay_seconds=settings.tasks.default_retry_delay_seconds,
            max_workers=settings.tasks.runner.thread_pool_max_workers,
        ),
        # The pages of an embedded server are gone before anyone can look at them.
        ui_url=None if is_embedded(api_url) else ui_url_of(api_url),
        drain_seconds=settings.client.shutdown_wait_seconds,
    )


def _first(delays: float | tuple[float, ...]) -> float:
    """A flow has one delay for all its retries."""
    if isinstance(delays, tuple):
        return delays[0] if delays else 0.0
    return delays
