"""Whoever watches logs is told about the records that they asked for, and about no others."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from windlass.ids import uuid7
from windlass.schemas.filters.logs import LogFilter
from windlass.schemas.logs import Log
from windlass_services.api.live_logs import (
    announce_logs,
    channels_of,
    is_asked_for,
    logs_in,
)
from windlass_services.storage.hot.protocol import LogRow
from windlass_services.streams.memory import MemoryStreams

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN = UUID("00000000-0000-0000-0000-00000000000a")
OTHER = UUID("00000000-0000-0000-0000-00000000000b")
LOG = Log(
    id=uuid7(),
    name="prefect.flow_runs",
    level=30,
    message="Disk full",
    timestamp=NOW,
    flow_run_id=RUN,
)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, True),
        ({"level": {"ge_": 30}}, True),
        ({"level": {"ge_": 31}}, False),
        ({"level": {"ge_": 20, "le_": 29}}, False),
        ({"flow_run_id": {"any_": [RUN]}}, True),
        ({"flow_run_id": {"any_": [OTHER]}}, False),
        ({"flow_run_id": {"any_": []}}, False),
        ({"task_run_id": {"is_null_": True}}, True),
        ({"task_run_id": {"is_null_": False}}, False),
        ({"timestamp": {"after_": NOW, "before_": NOW}}, True),
        ({"timestamp": {"after_": "2026-03-01T12:00:01Z"}}, False),
        ({"text": {"query": "disk -empty"}}, True),
        ({"text": {"query": "+disk +empty"}}, False),
        ({"level": {"ge_": 31}, "flow_run_id": {"any_": [RUN]}}, False),
        ({"operator": "or_", "level": {"ge_": 31}, "flow_run_id": {"any_": [RUN]}}, True),
        ({"operator": "or_", "level": {}}, True),
    ],
)
def test_a_record_is_sent_if_the_filter_means_it(asked: dict[str, Any], expected: bool) -> None:
    assert is_asked_for(LogFilter.model_validate(asked), LOG) is expected


async def test_who_watches_one_run_is_told_about_no_other() -> None:
    streams = MemoryStreams()
    asked = LogFilter.model_validate({"flow_run_id": {"any_": [RUN]}})
    async with streams.listen(channels_of(asked)) as announcements:
        await announce_logs(streams, [_row(OTHER, "not this"), _row(RUN, "this"), _row(RUN, "too")])
        announcement = await anext(announcements)
    assert [log.message for log in logs_in(announcement, asked)] == ["this", "too"]


@pytest.mark.parametrize("flow_run_id", [RUN, None])
async def test_who_watches_everything_is_told_about_every_record(flow_run_id: UUID | None) -> None:
    streams = MemoryStreams()
    asked = LogFilter()
    async with streams.listen(channels_of(asked)) as announcements:
        await announce_logs(streams, [_row(flow_run_id, "this")])
        (log,) = logs_in(await anext(announcements), asked)
    assert (log.message, log.flow_run_id, log.timestamp) == ("this", flow_run_id, NOW)


def _row(flow_run_id: UUID | None, message: str) -> LogRow:
    return LogRow(
        day=NOW.date(),
        id=uuid7(),
        name="prefect.flow_runs",
        level=20,
        message=message,
        timestamp=NOW,
        flow_run_id=flow_run_id,
        task_run_id=None,
        worker_id=None,
    )
