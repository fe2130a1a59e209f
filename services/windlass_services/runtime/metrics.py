"""Every metric of the services: its name with its unit, and what a bad value means.

`docs/metrics.md` is made of it, and `deploy/alerts` says which values are bad.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

COUNTED: Final = CollectorRegistry()
"""What a process knows of itself; each exports its own."""
MEASURED: Final = CollectorRegistry()
"""What the database and the broker were asked for: by schedulers, and exported by them alone."""

_PAUSES: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_WORK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 60)

LOOP_AGE: Final = Gauge(
    "windlass_loop_age_seconds",
    "Time since each loop of this process last succeeded. Beyond windlass_loop_allowed_seconds it"
    " fails or hangs, its work is not done, and /health/live says so.",
    ["loop"],
    registry=COUNTED,
)
LOOP_ALLOWED: Final = Gauge(
    "windlass_loop_allowed_seconds",
    "How old the last success of each loop may be.",
    ["loop"],
    registry=COUNTED,
)
LOOP_PASS: Final = Histogram(
    "windlass_loop_pass_seconds",
    "How long a successful pass of a loop took. High: the database is slow, or there is too much to"
    " do for one replica.",
    ["loop"],
    buckets=_WORK,
    registry=COUNTED,
)
LOOP_FAILURES: Final = Counter(
    "windlass_loop_failures_total",
    "Passes of a loop that failed; the log says why. Each is tried again.",
    ["loop"],
    registry=COUNTED,
)
SCHEDULE_DELAY: Final = Histogram(
    "windlass_schedule_delay_seconds",
    "From when a flow run was due to when it became pending, as this API process saw it. High: too"
    " few workers, limits that are full, or a scheduler that makes runs too late.",
    buckets=_PAUSES,
    registry=COUNTED,
)
CLAIM_LATENCY: Final = Histogram(
    "windlass_claim_latency_seconds",
    "From when a flow run was there and due to when a worker claimed it. High while queues have"
    " room and workers wait: wake-ups are lost, or the database is slow.",
    buckets=_PAUSES,
    registry=COUNTED,
)
CLAIM_DATABASE: Final = Histogram(
    "windlass_claim_database_seconds",
    "How long the database took for a claim that found runs. High: it is overloaded, or claims wait"
    " for locks of pools and queues with limits.",
    buckets=_WORK,
    registry=COUNTED,
)
DEAD_LETTERS: Final = Counter(
    "windlass_dead_letters_total",
    "Messages that no attempt could handle and that were set aside. Stays 0: else look at them with"
    " `windlass server dead-letters ls`.",
    ["topic"],
    registry=COUNTED,
)
REPLAYS: Final = Counter(
    "windlass_consumer_replays_total",
    "Partitions that a group read again from the table, since the broker was away or lost messages,"
    " or dropped them over its cap. Nothing is lost; it grows when a group is new, then stays.",
    ["topic", "group"],
    registry=COUNTED,
)
LIVE_DROPPED: Final = Counter(
    "windlass_live_messages_dropped_total",
    "Messages that a live view missed because it did not keep up (on Redis from version 7 on)."
    " Stays 0: else pages and followers of events show gaps, while the table has everything.",
    ["topic"],
    registry=COUNTED,
)

METRICS_AGE: Final = Gauge(
    "windlass_metrics_age_seconds",
    "Time since the scheduler last measured what it exports of each source. Growing: the source is"
    " away, and what is exported of it is the last value.",
    ["source"],
    registry=MEASURED,
)
CONSUMER_LAG: Final = Gauge(
    "windlass_consumer_lag_messages",
    "Messages that a group has not finished; at most, where the broker cannot tell. Growing: its"
    " consumers are too slow, too few, or dead.",
    ["topic", "group"],
    registry=MEASURED,
)
CONSUMER_LAG_AGE: Final = Gauge(
    "windlass_consumer_lag_seconds",
    "How old the oldest event may be that a group has not finished, by the table: also while the"
    " broker is away or lost it. Progress is saved every 10 s, so up to 20 s are normal under load."
    " Growing: its consumers are dead, or cut off.",
    ["topic", "group"],
    registry=MEASURED,
)
OUTBOX_ROWS: Final = Gauge(
    "windlass_outbox_rows",
    "Changes of state that are not events yet, counted up to 100000. Growing: no relay runs, or the"
    " database is too slow for it.",
    registry=MEASURED,
)
OUTBOX_AGE: Final = Gauge(
    "windlass_outbox_oldest_seconds",
    "Age of the oldest change of state that is not an event yet. Above a few seconds, automations"
    " and live pages are late by that much.",
    registry=MEASURED,
)
QUEUE_DUE: Final = Gauge(
    "windlass_queue_runs_due",
    "Flow runs of a queue that are due and have a slot: what more workers would start now. Scale"
    " workers by it. Each count stops at 100000.",
    ["pool", "queue"],
    registry=MEASURED,
)
QUEUE_WAITING: Final = Gauge(
    "windlass_queue_runs_waiting",
    "Flow runs of a queue that are due and may not start: limits of pool, queue or deployment are"
    " full, or the pool or queue is paused. More workers would not help.",
    ["pool", "queue"],
    registry=MEASURED,
)
QUEUE_OCCUPIED: Final = Gauge(
    "windlass_queue_slots_occupied",
    "Slots of a queue that are taken: its flow runs that are pending or running.",
    ["pool", "queue"],
    registry=MEASURED,
)
QUEUE_LIMIT: Final = Gauge(
    "windlass_queue_slots_limit",
    "Slots of a queue, where it has a limit. All of them taken for long: runs wait.",
    ["pool", "queue"],
    registry=MEASURED,
)
POOL_OCCUPIED: Final = Gauge(
    "windlass_pool_slots_occupied",
    "Slots of a pool that are taken: its flow runs that are pending or running.",
    ["pool"],
    registry=MEASURED,
)
POOL_LIMIT: Final = Gauge(
    "windlass_pool_slots_limit",
    "Slots of a pool, where it has a limit. All of them taken for long: runs wait.",
    ["pool"],
    registry=MEASURED,
)
LIMIT_OCCUPIED: Final = Gauge(
    "windlass_limit_slots_occupied",
    "Slots of a concurrency limit that are taken, of the 200 limits with the most of them.",
    ["concurrency_limit"],
    registry=MEASURED,
)
LIMIT_LIMIT: Final = Gauge(
    "windlass_limit_slots_limit",
    "Slots of a concurrency limit that is active. All of them taken for long: somebody holds them.",
    ["concurrency_limit"],
    registry=MEASURED,
)
LIMITS_LEFT_OUT: Final = Gauge(
    "windlass_limits_left_out",
    "Concurrency limits beyond the 200 that are exported.",
    registry=MEASURED,
)
TEARDOWNS_WAITING: Final = Gauge(
    "windlass_teardowns_waiting",
    "Executions that are over and whose infrastructure a worker still has to end. Above 0 for long:"
    " no worker of the pool can reach it, and it may still run.",
    registry=MEASURED,
)
TEARDOWNS_GIVEN_UP: Final = Gauge(
    "windlass_teardowns_given_up",
    "Executions that are over and whose infrastructure nobody could end; it may still run. Look at"
    " them with `windlass server dead-letters ls --topic teardowns`.",
    registry=MEASURED,
)
HISTORY_AGE: Final = Gauge(
    "windlass_history_oldest_seconds",
    "Age of the oldest day that each table of history holds. Beyond what is to be kept: retention"
    " does not do its work, and the table grows.",
    ["table"],
    registry=MEASURED,
)
