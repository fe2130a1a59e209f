"""Cached tasks. Prints, as JSON, the flow runs it made and which bodies ran.

python j07_caching.py blocks      # saves the blocks that say where results and records are kept
python j07_caching.py one REDIS           # one machine; REDIS keeps the locks
python j07_caching.py again REDIS         # calls that may be recomputed by a setting
python j07_caching.py two REDIS ME OTHER  # one of two machines that call at the same time
"""

import json
import shutil
import sys
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from prefect import flow, task
from prefect.cache_policies import INPUTS
from prefect.filesystems import LocalFileSystem
from prefect.transactions import IsolationLevel
from prefect_redis.locking import RedisLockManager

SHARED = Path("shared").resolve()
RESULTS, RECORDS = SHARED / "results", SHARED / "records"
ran = []


@task(persist_result=True)
def add_one(x):
    ran.append(f"add_one {x}")
    return x + 1


@flow
def f():
    add_one(1)
    add_one(1)
    add_one(2)


@task(cache_policy=INPUTS, persist_result=False)
def forgotten(x):
    return x


@flow
def without_persistence():
    forgotten(1)
    forgotten(1)


def slow(x, debug=False):
    ran.append(f"slow {x}")
    return x


def slow_for_both(x):
    """Runs for as long as it takes the other machine to call it, and a little longer."""
    (SHARED / f"ran-{sys.argv[3]}").touch()
    while not (SHARED / f"calls-{sys.argv[4]}").exists():
        time.sleep(0.05)
    time.sleep(1)
    return x


def cached(function, redis, **options):
    """A task of this function whose results, records and locks all machines share."""
    locks = urlsplit(redis)
    # Configured last: a policy that something is subtracted from forgets how it was configured.
    policy = (INPUTS - "debug").configure(
        key_storage=LocalFileSystem.load("records"),
        isolation_level=IsolationLevel.SERIALIZABLE,
        lock_manager=RedisLockManager(
            host=locks.hostname, port=locks.port, db=int(locks.path.strip("/") or 0)
        ),
    )
    results = LocalFileSystem.load("results")
    return task(function, cache_policy=policy, result_storage=results, **options)


@flow
def expiring(redis):
    call = cached(slow, redis, cache_expiration=timedelta(seconds=2))
    call(1)
    call(1, debug=True)
    time.sleep(2.1)
    call(1)


@flow
def without_records(redis):
    call = cached(slow, redis)
    call(2)
    kept = sorted(RESULTS.iterdir())
    shutil.rmtree(RECORDS)
    assert sorted(RESULTS.iterdir()) == kept
    call(2)
    call(2)
    call.with_options(refresh_cache=True)(2)


@flow
def again(redis):
    call = cached(slow, redis)
    call(2)
    call.with_options(refresh_cache=False)(2)


@flow
def two(redis):
    call = cached(slow_for_both, redis)
    (SHARED / f"calls-{sys.argv[3]}").touch()
    assert call(7) == 7


if __name__ == "__main__":
    mode, *redis = sys.argv[1:3]
    states = {}
    if mode == "blocks":
        for name, folder in {"results": RESULTS, "records": RECORDS}.items():
            folder.mkdir(parents=True)
            LocalFileSystem(basepath=str(folder)).save(name)
    elif mode == "one":
        states = {
            "f": f(return_state=True),
            "f again": f(return_state=True),
            "without persistence": without_persistence(return_state=True),
            "expiring": expiring(*redis, return_state=True),
            "without records": without_records(*redis, return_state=True),
        }
    else:
        states = {mode: {"again": again, "two": two}[mode](*redis, return_state=True)}
    for state in states.values():
        state.result()
    runs = {name: str(state.state_details.flow_run_id) for name, state in states.items()}
    print(json.dumps({"runs": runs, "ran": ran}))
