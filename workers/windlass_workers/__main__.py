"""`python -m windlass_workers`: start a worker. `windlass worker start` is the way in."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module
from typing import Final

import anyio

from windlass.exceptions import BackendMissing, WindlassError
from windlass.settings import Settings, get_current_settings
from windlass_workers.agent.lifecycle import run_worker
from windlass_workers.agent.options import WorkerOptions
from windlass_workers.agent.waking import OpenWakeUps, WakeUps
from windlass_workers.catalogue import find_worker_type

_WAKEUPS: Final = "windlass_services.processes.wakeups:open_wakeups"
_LOG_FORMAT: Final = "%(asctime)s.%(msecs)03d | %(levelname)-7s | %(name)s - %(message)s"


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the worker that the arguments ask for; returns the exit code."""
    settings = get_current_settings()
    options = _options(_parser(settings).parse_args(arguments))
    return start(options, settings)


def start(options: WorkerOptions, settings: Settings) -> int:
    """Work until a signal says stop; returns the exit code."""
    logging.basicConfig(level=settings.logging.level, format=_LOG_FORMAT, datefmt="%H:%M:%S")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        return anyio.run(
            run_worker,
            options,
            settings,
            find_worker_type,
            open_wakeups,
            backend_options={"use_uvloop": os.name == "posix"},
        )
    except WindlassError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def open_wakeups(url: str) -> WakeUps:
    """The wake-ups of a broker. Raises BackendMissing, and what they raise.

    Named and not imported: workers stand beside the services, and most are given no broker.
    """
    module, _, name = _WAKEUPS.partition(":")
    try:
        opening: OpenWakeUps = getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        raise BackendMissing(
            f"A worker with a broker needs the package {error.name!r}."
            " Install it with `pip install 'windlass[redis]'`."
        ) from error
    return opening(url)


def _options(parsed: argparse.Namespace) -> WorkerOptions:
    return WorkerOptions(
        pool=parsed.pool,
        kind=parsed.type,
        name=parsed.name,
        work_queues=tuple(parsed.work_queue),
        limit=parsed.limit,
        prefetch=timedelta(seconds=parsed.prefetch_seconds),
        run_once=parsed.run_once,
        with_healthcheck=parsed.with_healthcheck,
        grace=timedelta(seconds=parsed.grace_seconds),
        broker_url=parsed.broker_url or None,
    )


def _parser(settings: Settings) -> argparse.ArgumentParser:
    worker = settings.worker
    parser = argparse.ArgumentParser(prog="python -m windlass_workers", description=__doc__)
    parser.add_argument("-p", "--pool", required=True, help="the work pool to take runs of")
    parser.add_argument("-t", "--type", help="by default that of the pool; a pool is made of it")
    parser.add_argument("-n", "--name", help="by default a new one")
    parser.add_argument("-q", "--work-queue", action="append", default=[], help="may be repeated")
    parser.add_argument("-l", "--limit", type=_count, help="how many runs at once")
    parser.add_argument("--prefetch-seconds", type=float, default=worker.prefetch_seconds)
    parser.add_argument("--run-once", action="store_true", help="take what is due, then end")
    parser.add_argument("--with-healthcheck", action="store_true", help="serve /health")
    parser.add_argument(
        "--broker-url", default=worker.broker_url, help="be woken by the broker of the server"
    )
    parser.add_argument(
        "--grace-seconds", type=float, default=30.0, help="for runs to end after SIGTERM"
    )
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of runs: give 1 or more")
    return int(text)


if __name__ == "__main__":
    raise SystemExit(main())
