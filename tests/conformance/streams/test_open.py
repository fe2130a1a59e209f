"""A broker URL becomes streams, or a sentence that says what to change."""

import sys

import pytest

from windlass.exceptions import BackendMissing, SettingInvalid
from windlass_services.streams.open import open_streams


async def test_memory_is_for_one_replica() -> None:
    assert not open_streams("memory://").replicated


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "rediss://user:secret@broker:6390/2"])
async def test_redis_is_for_many_replicas_and_opens_without_connecting(url: str) -> None:
    streams = open_streams(url)
    assert streams.replicated
    await streams.close()


@pytest.mark.parametrize("url", ["", "redis", "amqp://user:secret@broker"])
def test_an_unknown_scheme_is_refused_with_the_known_ones(url: str) -> None:
    with pytest.raises(SettingInvalid) as refusal:
        open_streams(url)
    for part in ("WINDLASS_SERVER_BROKER_URL", "memory://", "redis://", "rediss://"):
        assert part in str(refusal.value)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("url", ["redis://broker:port", "redis://broker/0?colour=blue"])
def test_a_redis_url_that_cannot_be_read_is_refused(url: str) -> None:
    with pytest.raises(SettingInvalid, match="WINDLASS_SERVER_BROKER_URL"):
        open_streams(url)


def test_a_missing_package_is_named_with_the_extra_that_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = "windlass_services.streams.redis"
    for name in [name for name in sys.modules if name.split(".")[0] == "redis" or ours in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(BackendMissing, match=r"windlass\[redis\]"):
        open_streams("redis://127.0.0.1:6379/0")
