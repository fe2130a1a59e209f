"""`python -m windlass_services`: run services in this process. `windlass server` is the way in."""

import argparse
import logging
import os
import socket
import sys
from collections.abc import Sequence
from typing import Final

import anyio

from windlass.exceptions import SettingInvalid, WindlassError
from windlass.settings import Settings, get_current_settings
from windlass_services.api.serving import listening_socket
from windlass_services.processes.assembly import require_shared_stores
from windlass_services.processes.plan import Plan, Service
from windlass_services.processes.replicas import Replicas
from windlass_services.processes.run import run

_LOG_FORMAT: Final = "%(asctime)s.%(msecs)03d | %(levelname)-7s | %(name)s - %(message)s"
_PROBE_PORTS: Final = {Service.SCHEDULER: 4201, Service.TRIGGERS: 4202}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the services that the arguments name; returns the exit code."""
    settings = get_current_settings()
    options = _parser(settings).parse_args(arguments)
    level = "ERROR" if options.ephemeral else settings.server.logging_level.upper()
    logging.basicConfig(level=level, format=_LOG_FORMAT, datefmt="%H:%M:%S")
    try:
        if options.workers > 1:
            require_shared_stores(settings)
        plan = _plan(options)
        loop = {"use_uvloop": os.name == "posix"}
        if options.workers > 1:
            return anyio.run(_replicas(plan, options).run, backend_options=loop)
        anyio.run(run, plan, settings, backend_options=loop)
    except WindlassError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _plan(options: argparse.Namespace) -> Plan:
    services = frozenset(Service(name) for name in options.services) or frozenset(Service)
    return Plan(services=services, listener=_listener(options, services), watch_fd=options.watch_fd)


def _replicas(plan: Plan, options: argparse.Namespace) -> Replicas:
    if plan.services != frozenset({Service.API}):
        raise SettingInvalid(
            "Several processes can serve the API, and nothing else: start the services beside it,"
            " with `windlass server services start`."
        )
    return Replicas(plan.listener, options.workers)


def _listener(options: argparse.Namespace, services: frozenset[Service]) -> socket.socket:
    if options.fd is not None:
        listener = socket.socket(fileno=options.fd)
        listener.setblocking(False)
        return listener
    port = options.port
    if Service.API not in services and options.probe_port is None:
        port = _PROBE_PORTS[min(services)]
    elif Service.API not in services:
        port = options.probe_port
    return listening_socket(options.host, port)


def _parser(settings: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m windlass_services", description=__doc__)
    parser.add_argument("services", nargs="*", choices=[*Service, []], help="none: all of them")
    parser.add_argument("--host", default=settings.server.api.host)
    parser.add_argument("--port", type=int, default=settings.server.api.port)
    parser.add_argument("--probe-port", type=int, help="where the API is not among the services")
    parser.add_argument("--workers", type=int, default=1, help="processes that serve the API")
    parser.add_argument("--fd", type=int, help="serve on this listening socket")
    parser.add_argument(
        "--ephemeral", action="store_true", help="belongs to one process tree: say problems only"
    )
    parser.add_argument("--watch-fd", type=int, help="end when this descriptor reaches its end")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
