"""A broker URL becomes streams, or a sentence that says what to change."""

import sys

import pytest

from windlass.exceptions import BackendMissing, SettingInvalid
from windlass_services.streams.open import open_streams


async def test_memory_is_for_one_replica() -> None:
    assert not open_streams("memory://").replicated


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:1/0",
        "rediss://user:secret@broker:6390/2?ssl_ca_certs=ca.pem&ssl_check_hostname=no",
        "redis+sentinel://one,two:26380,[::1]:26379/service/2?sentinel_password=secret",
        "rediss+sentinel://user:secret@one/service",
        "redis+cluster://one:7000,two:7001",
        "rediss+cluster://user:secret@one/0",
        "amqp://user:secret@broker:5673/host",
        "amqps://broker?cafile=ca.pem",
    ],
)
async def test_a_broker_is_for_many_replicas_and_opens_without_connecting(url: str) -> None:
    streams = open_streams(url)
    assert streams.replicated
    await streams.close()


@pytest.mark.parametrize("url", ["", "redis", "kafka://user:secret@broker"])
def test_an_unknown_scheme_is_refused_with_the_known_ones(url: str) -> None:
    with pytest.raises(SettingInvalid) as refusal:
        open_streams(url)
    for part in ("WINDLASS_SERVER_BROKER_URL", "memory://", "redis://", "rediss://", "amqp://"):
        assert part in str(refusal.value)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://broker:port",
        "redis://broker/0?colour=blue",
        "redis://one,two/0",
        "redis+sentinel://one",
        "redis+sentinel://one/service/zero",
        "redis+cluster://one/2",
        "redis+cluster://one?colour=blue",
        "amqp://broker:port",
    ],
)
def test_a_url_that_cannot_be_read_is_refused(url: str) -> None:
    with pytest.raises(SettingInvalid, match="WINDLASS_SERVER_BROKER_URL"):
        open_streams(url)


@pytest.mark.parametrize(
    ("url", "package", "extra"),
    [("redis://127.0.0.1/0", "redis", "redis"), ("amqp://127.0.0.1", "aio_pika", "rabbitmq")],
)
def test_a_missing_package_is_named_with_the_extra_that_has_it(
    url: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = f"windlass_services.streams.{extra}"
    for name in [name for name in sys.modules if name.split(".")[0] == package or ours in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(BackendMissing, match=rf"windlass\[{extra}\]"):
        open_streams(url)
