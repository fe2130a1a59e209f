"""`python -m windlass_workers.process.fork_server FD`: serve the agent at that descriptor."""

import socket
import sys

from windlass.execute import execute
from windlass.schemas.executions import ClaimedRun
from windlass_workers.process.fork_server.server import serve


def main() -> int:
    """0 in the server, and in each run the exit code of the run."""
    job = serve(socket.socket(fileno=int(sys.argv[1])))
    if job is None:
        return 0
    return execute(ClaimedRun.model_validate(job.claimed))


if __name__ == "__main__":
    raise SystemExit(main())
