"""Buckets as they are stored: ids and times as JSON, the window beside it."""

from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from windlass_services.storage.trigger_buckets import BucketRow
from windlass_services.triggers.buckets import Bucket, Moment, Seen

_Written: TypeAlias = list[Any]
_SINCE: Final = "since"


def bucket_of(row: BucketRow, since: datetime) -> Bucket:
    """The bucket of an automation as it is `since` then; what it was before does not count."""
    said = row.counted
    if said.get(_SINCE) != since.isoformat():
        return Bucket()
    opened, past = said["opened"], said["past"]
    return Bucket(
        unspent=tuple(map(_seen, said["unspent"])),
        spent=tuple((_moment(first), _moment(last)) for first, last in said["spent"]),
        past=None if past is None else _moment(past),
        opened=None if opened is None else _seen(opened),
        due=row.due,
    )


def row_of(bucket: Bucket, since: datetime) -> BucketRow:
    """The row from which `bucket_of` reads the bucket."""
    opened, past = bucket.opened, bucket.past
    return BucketRow(
        counted={
            _SINCE: since.isoformat(),
            "unspent": list(map(_of_seen, bucket.unspent)),
            "spent": [[_of_moment(first), _of_moment(last)] for first, last in bucket.spent],
            "past": None if past is None else _of_moment(past),
            "opened": None if opened is None else _of_seen(opened),
        },
        window_start=None if opened is None else opened.at,
        due=bucket.due,
    )


def _moment(written: _Written) -> Moment:
    at, id = written
    return datetime.fromisoformat(at), UUID(id)


def _of_moment(moment: Moment) -> _Written:
    at, id = moment
    return [at.isoformat(), id.hex]


def _seen(written: _Written) -> Seen:
    at, id, received, opens, counts = written
    return Seen(
        datetime.fromisoformat(at), UUID(id), datetime.fromisoformat(received), opens, counts
    )


def _of_seen(seen: Seen) -> _Written:
    return [
        seen.at.isoformat(),
        seen.id.hex,
        seen.received.isoformat(),
        seen.opens,
        seen.counts,
    ]
