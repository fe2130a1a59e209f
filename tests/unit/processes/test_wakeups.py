"""What a worker that was given the broker hears of its pool."""

import anyio
import pytest

from windlass.exceptions import SettingInvalid
from windlass.ids import uuid7
from windlass_services.orchestration.channels import pool_channel
from windlass_services.processes.wakeups import open_wakeups
from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.open import open_streams


async def test_what_is_announced_for_the_pool_and_nothing_else_wakes(redis_url: str) -> None:
    pool = uuid7()
    wakeups, server = open_wakeups(redis_url), open_streams(redis_url)
    await wakeups.ping()
    async with wakeups.listen(pool) as announcements:
        await server.announce(pool_channel(uuid7()))
        await server.announce(pool_channel(pool))
        with anyio.fail_after(20):
            heard = await anext(announcements)
    assert heard.channel == pool_channel(pool)
    await wakeups.close()
    await server.close()


@pytest.mark.parametrize("url", ["memory://", "", "host:6379", "http://host", "redis://host/x"])
def test_what_is_no_shared_broker_is_refused(url: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        open_wakeups(url)
    assert "WINDLASS_SERVER" not in str(refused.value)


async def test_a_broker_that_is_away_is_unavailable() -> None:
    wakeups = open_wakeups("redis://127.0.0.1:1/0")
    with pytest.raises(BrokerUnavailable):
        await wakeups.ping()
    await wakeups.close()
