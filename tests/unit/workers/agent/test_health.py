"""What the health endpoint of a worker says."""

import json

from windlass_workers.agent.context import AgentContext
from windlass_workers.agent.health import answer
from windlass_workers.agent.pulse import Pulse


class Watch:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_worker_that_has_not_polled_for_too_long_is_unhealthy(agent: AgentContext) -> None:
    watch = Watch()
    agent.pulse = Pulse(watch)
    agent.pulse.expect("claims", agent.poll_every * 30)
    watch.now = 300
    assert answer(agent, "/health")[0] == 200
    watch.now = 301
    status, _, body = answer(agent, "/health")
    assert (status, json.loads(body)["late"]) == (503, ["claims"])
    agent.pulse.beat("claims")
    assert answer(agent, "/health/live")[0] == 200


async def test_the_age_of_every_loop_is_a_metric(agent: AgentContext) -> None:
    watch = Watch()
    agent.pulse = Pulse(watch)
    agent.pulse.expect("heartbeat", agent.heartbeat_every)
    watch.now = 7
    text = answer(agent, "/metrics")[2].decode()
    assert 'windlass_worker_last_success_age_seconds{loop="heartbeat"} 7.0' in text


async def test_there_is_nothing_else(agent: AgentContext) -> None:
    assert answer(agent, "/")[0] == 404
