# pyright: reportPrivateUsage=false, reportUnknownMemberType=false, reportUnknownVariableType=false
"""Metrics: described where people look, and there when they are asked for."""

import re
from datetime import timedelta
from typing import Final

import anyio
from prometheus_client import CollectorRegistry

from tests.support.declared_metrics import every_metric, labels_of, name_of
from tests.support.golden import ROOT, assert_golden
from windlass_services.runtime import metrics
from windlass_services.runtime.exposition import exposition, just_measured
from windlass_services.runtime.loop import Duty, perform
from windlass_services.runtime.pulse import Pulse

INTRODUCTION: Final = """\
# Metrics

Made from `windlass_services.runtime.metrics` by `make generate`. [Operating](operating.md#metrics)
says where they are served. `process_*` and `python_*` come from the Prometheus client.
"""
LOOP: Final = "loop-under-test"


def table(title: str, registry: CollectorRegistry) -> str:
    lines = [f"\n## {title}\n", "| name | kind | labels | what it says |", "|---|---|---|---|"]
    for metric in every_metric(registry):
        labels = ", ".join(f"`{name}`" for name in labels_of(metric))
        lines.append(
            f"| `{name_of(metric)}` | {metric._type} | {labels} | {metric._documentation} |"
        )
    return "\n".join(lines) + "\n"


def counted(name: str) -> float | None:
    """Of the loop of a test."""
    return metrics.COUNTED.get_sample_value(f"windlass_{name}", {"loop": LOOP})


def test_every_metric_is_described() -> None:
    counted = table("Counted by each process", metrics.COUNTED)
    measured = table("Measured by schedulers", metrics.MEASURED)
    assert_golden(ROOT / "docs" / "metrics.md", INTRODUCTION + counted + measured)


def test_a_name_says_its_unit() -> None:
    unit = re.compile(
        r"windlass_([a-z_]+_(seconds|total|messages|rows|runs_(due|waiting)"
        r"|slots_(occupied|limit)|left_out)|teardowns_(waiting|given_up))"
    )
    for registry in (metrics.COUNTED, metrics.MEASURED):
        names = [name_of(metric) for metric in every_metric(registry)]
        assert names
        assert [name for name in names if not unit.fullmatch(name)] == []


async def test_a_loop_shows_its_age_and_what_failed() -> None:
    pulse, passes, is_over = Pulse(), iter((True, False)), anyio.Event()

    async def once() -> int:
        fails = next(passes, None)
        if fails is None:
            is_over.set()
        if fails:
            raise ValueError("no colour")
        return 1

    duty = Duty(LOOP, timedelta(0), once)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(perform, duty, pulse)
        await is_over.wait()
        tasks.cancel_scope.cancel()
    exposition(pulse)
    assert counted("loop_allowed_seconds") == 90
    assert 0 <= (counted("loop_age_seconds") or -1) < 30
    assert counted("loop_failures_total") == 1
    assert (counted("loop_pass_seconds_count") or 0) >= 1
    exposition(Pulse())
    assert counted("loop_age_seconds") is None


def test_what_is_measured_is_exported_by_who_measures() -> None:
    metrics.METRICS_AGE.clear()
    assert "windlass_outbox_rows" not in exposition(Pulse()).decode()
    just_measured("database")
    page = exposition(Pulse()).decode()
    assert "windlass_outbox_rows" in page
    assert 'windlass_metrics_age_seconds{source="database"}' in page
