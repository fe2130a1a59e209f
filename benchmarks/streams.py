"""How many messages a second go through the streams.

    python benchmarks/streams.py [memory:// | redis://host:port/database ...]

Uses a workspace of its own in the broker, and leaves its streams there.
"""

import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import anyio

from windlass_services.streams.open import open_streams
from windlass_services.streams.protocol import PARTITIONS, Message, Streams

MESSAGES: Final = 100_000
BATCH: Final = 100
BODY: Final = b"x" * 300


async def publish(streams: Streams) -> int:
    for start in range(0, MESSAGES, BATCH):
        await streams.publish(
            "benchmark",
            [Message(f"run-{n % 500}", f"event-{n}", BODY) for n in range(start, start + BATCH)],
        )
    return MESSAGES


async def consume(streams: Streams) -> int:
    count = 0
    for partition in range(PARTITIONS):
        while deliveries := await streams.read(
            "benchmark", "group", partition, "one", limit=BATCH, wait=timedelta(0)
        ):
            await streams.acknowledge("benchmark", "group", deliveries)
            count += len(deliveries)
    return count


async def measure(name: str, work: Callable[[Streams], Awaitable[int]], streams: Streams) -> None:
    began = time.perf_counter()
    count = await work(streams)
    rate = count / (time.perf_counter() - began)
    print(f"  {name:<34} {rate:>12,.0f} messages/s")


async def main(urls: list[str]) -> None:
    for url in urls:
        print(url.partition("@")[2] or url)
        streams = open_streams(url, workspace="benchmark")
        await measure(f"publish by {BATCH}", publish, streams)
        await measure(f"read and acknowledge by {BATCH}", consume, streams)
        await streams.close()


if __name__ == "__main__":
    anyio.run(main, sys.argv[1:] or ["memory://"])
