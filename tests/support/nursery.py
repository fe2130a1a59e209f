"""A process that has modules loaded, and forks for each program that is asked for.

    python nursery.py DESCRIPTOR MODULE...

Loading is most of the work of a short program. This needs the standard library alone, so that the
Python of any environment can run it. A request on the socket DESCRIPTOR is one message of JSON:

    {"arguments": ["-m", "module", ...] or ["script.py", ...], "folder": ..., "environment": {...},
     "places": [1, 2, ...]}

With it come descriptors: a pipe for the answer, then those that the program has, by these numbers.
The answer is the process id in one line, and the status that the process ended with in another. The
nursery ends when the other end of the socket is closed; what it forked goes on.
"""

import fcntl
import gc
import importlib
import json
import os
import runpy
import selectors
import socket
import sys
import threading
import time
from contextlib import suppress
from types import ModuleType
from typing import Any

_LONGEST = 1 << 20
_MOST_DESCRIPTORS = 16


def fork_for_each(control: socket.socket) -> list[str] | None:
    """Answer requests. Returns the arguments in a process that was forked, None in this one."""
    waiting = selectors.DefaultSelector()
    waiting.register(control, selectors.EVENT_READ)
    while True:
        for key, _ in waiting.select():
            if key.data is not None:
                waiting.unregister(key.fd)
                _report_end(key.fd, *key.data)
                continue
            message, descriptors, _, _ = socket.recv_fds(control, _LONGEST, _MOST_DESCRIPTORS)
            if not message:
                return None
            answer, *given = descriptors
            pid = os.fork()
            if pid == 0:
                # Closed as the objects that they are: their numbers are about to be others'.
                waiting.close()
                control.close()
                return _become(json.loads(message), given)
            for descriptor in given:
                os.close(descriptor)
            os.write(answer, b"%d\n" % pid)
            waiting.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, answer))


def _report_end(pidfd: int, pid: int, answer: int) -> None:
    _, status = os.waitpid(pid, 0)
    with suppress(BrokenPipeError):  # nobody wants to know any more
        os.write(answer, b"%d\n" % os.waitstatus_to_exitcode(status))
    os.close(answer)
    os.close(pidfd)


def _become(request: dict[str, Any], given: list[int]) -> list[str]:
    """Take the place that a process which is started has."""
    os.setsid()
    places: list[int] = request["places"]
    above = max(places) + 1
    aside = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, above) for descriptor in given]
    for descriptor, place in zip(aside, places, strict=True):
        os.dup2(descriptor, place)
    kept = sorted({0, *places})
    for low, high in zip(kept, [*kept[1:], os.sysconf("SC_OPEN_MAX")], strict=True):
        os.closerange(low + 1, high)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    if (loaded := sys.modules.get("multiprocessing.process")) is not None:
        # It keeps the folder that it was loaded in, and tells it to the processes that it spawns.
        vars(loaded)["ORIGINAL_DIR"] = os.getcwd()
    return request["arguments"]


def run_program(arguments: list[str]) -> None:
    """Run a module or a script as Python does that was started with these arguments."""
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        sys.path.insert(0, os.getcwd())
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        return
    sys.argv = arguments
    script = os.path.abspath(arguments[0])
    sys.path.insert(0, os.path.dirname(script))
    # Not by runpy, which takes the module away at its end, from under the threads that go on.
    main = ModuleType("__main__")
    main.__dict__.update(__file__=arguments[0], __builtins__=__builtins__)
    sys.modules["__main__"] = main
    with open(script, "rb") as file:
        code = compile(file.read(), arguments[0], "exec")
    exec(code, main.__dict__)


if __name__ == "__main__":
    del sys.path[0]  # this folder has modules of the names of others
    for name in sys.argv[2:]:
        importlib.import_module(name)
    if threading.active_count() > 1:
        sys.exit(f"A module started a thread, which a fork would not have: {sys.argv[2:]}")
    gc.collect()
    gc.freeze()
    wanted = fork_for_each(socket.socket(fileno=int(sys.argv[1])))
    if wanted is not None:
        run_program(wanted)
