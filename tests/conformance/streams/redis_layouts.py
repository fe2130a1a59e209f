"""Several Redis servers as one: a cluster of three masters, and a pair with a sentinel."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.conformance.streams.redis_process import RedisProcess, Tls, query, scheme
from tests.support.server_keeper import free_port
from tests.support.waiting import wait_until

SERVICE: Final = "windlass"
_SLOTS: Final = 16_384
_MASTERS: Final = 3
_SENTINEL: Final = """\
sentinel monitor {service} 127.0.0.1 {port} 1
sentinel down-after-milliseconds {service} 500
sentinel failover-timeout {service} 2000
"""


@dataclass(frozen=True, slots=True)
class RedisCluster:
    """Masters without replicas, each with a third of the slots."""

    masters: list[RedisProcess]

    @property
    def url(self) -> str:
        places = ",".join(f"127.0.0.1:{master.port}" for master in self.masters)
        tls = self.masters[0].tls
        return f"{scheme('redis+cluster', tls)}{places}{query(tls)}"

    def until_whole(self) -> None:
        """Wait until every master knows of all the others, and passes on what is published."""

        def is_whole() -> bool:
            # The vendor's client reads this reply into a dictionary.
            states = [master.command("CLUSTER INFO") for master in self.masters]
            return all(
                state["cluster_state"] == "ok" and state["cluster_known_nodes"] == str(_MASTERS)
                for state in states
            ) and all(map(_is_linked, self.masters))

        wait_until(is_whole, description="the cluster to be whole")


@dataclass(frozen=True, slots=True)
class RedisPair:
    """A master, its replica, and the sentinel that makes one of the other."""

    master: RedisProcess
    replica: RedisProcess
    sentinel: RedisProcess

    @property
    def url(self) -> str:
        tls, place = self.sentinel.tls, f"127.0.0.1:{self.sentinel.port}/{SERVICE}/0"
        return f"{scheme('redis+sentinel', tls)}{place}{query(tls)}"


@contextmanager
def redis_cluster(folder: Path, tls: Tls | None = None) -> Generator[RedisCluster]:
    """Start three masters and make them a cluster; with `tls` they speak nothing else."""
    with ExitStack() as running:
        buses = [free_port() for _ in range(_MASTERS)]
        masters = [
            _started(running, folder, tls, "--cluster-enabled", "yes", "--cluster-port", str(bus))
            for bus in buses
        ]
        share = _SLOTS // _MASTERS
        for number, master in enumerate(masters):
            last = _SLOTS if number == _MASTERS - 1 else (number + 1) * share
            master.command("CLUSTER ADDSLOTSRANGE", str(number * share), str(last - 1))
            if number:
                master.command("CLUSTER MEET", "127.0.0.1", str(masters[0].port), str(buses[0]))
        cluster = RedisCluster(masters)
        cluster.until_whole()
        yield cluster


@contextmanager
def redis_pair(folder: Path, tls: Tls | None = None) -> Generator[RedisPair]:
    """Start a master, a replica that follows it, and a sentinel that has seen both.

    With `tls` they speak nothing else.
    """
    with ExitStack() as running:
        at_once = ("--repl-diskless-sync-delay", "0")
        master = _started(running, folder, tls, *at_once)
        leader = f"127.0.0.1 {master.port}"
        replica = _started(running, folder, tls, *at_once, "--replicaof", leader)
        wait_until(
            lambda: replica.command("INFO", "replication")["master_link_status"] == "up",
            description="the replica to follow",
        )
        settings = folder / "sentinel.conf"
        settings.write_text(_SENTINEL.format(service=SERVICE, port=master.port))
        if tls and tls.password:
            with settings.open("a") as more:
                more.write(f"sentinel auth-pass {SERVICE} {tls.password}\n")
        sentinel = RedisProcess(free_port(), folder, (str(settings), "--sentinel"), tls)
        running.callback(sentinel.kill)
        sentinel.start()
        wait_until(lambda: _knows_replica(sentinel), description="the sentinel to know the replica")
        yield RedisPair(master, replica, sentinel)


def _is_linked(master: RedisProcess) -> bool:
    """Whether it has a link to each of the others, and each of them one to it."""
    links = master.command("CLUSTER LINKS")
    to_and_from = {(direction, node) for _, direction, _, node, *_ in links}
    return len(to_and_from) == 2 * (_MASTERS - 1)


def _knows_replica(sentinel: RedisProcess) -> bool:
    replicas = sentinel.command("SENTINEL SLAVES", SERVICE)
    return any(replica["master-link-status"] == "ok" for replica in replicas)


def _started(running: ExitStack, folder: Path, tls: Tls | None, *options: str) -> RedisProcess:
    port = free_port()
    own = folder / str(port)
    own.mkdir()
    process = RedisProcess(port, own, options, tls)
    running.callback(process.kill)
    process.start()
    return process
