"""Flows that pause, that leave their process, and that talk to each other."""

import asyncio
import json
import sys
from uuid import UUID

from prefect import flow, get_client, runtime, task
from prefect.flow_runs import pause_flow_run, suspend_flow_run
from prefect.input import RunInput, receive_input, send_input


class Order(RunInput):
    size: int
    colour: str = "red"


@flow(log_prints=True)
def asking():
    print(f"i am {runtime.flow_run.id}")
    order = pause_flow_run(
        wait_for_input=Order.with_initial_data(description="**Which?**", colour="green"),
        poll_interval=1,
    )
    return f"{order.size} {order.colour} {pause_flow_run(wait_for_input=int, poll_interval=1)}"


@flow(log_prints=True)
def leaving():
    print("before")
    name = suspend_flow_run(wait_for_input=str)
    print(f"hello {name}")


@task
def double(x):
    return 2 * x


@flow
async def talking():
    me = UUID(runtime.flow_run.id)
    for value in (1, "a", 2):
        await send_input(value, flow_run_id=me)
    await Order(size=3).send_to(me)
    numbers = [x async for x in receive_input(int, timeout=0.1, poll_interval=0.1)]
    (order,) = [x async for x in Order.receive(timeout=0.1, poll_interval=0.1)]
    await order.respond("thanks")
    words = [x async for x in receive_input(str, timeout=0.1, poll_interval=0.1)]
    first = double.submit(numbers[0])
    double.submit(first).wait()
    return [numbers, order.size, words]


async def observe(flow_run_id):
    """What the client says of a run that is over."""
    async with get_client() as client:
        # The methods of the client for these routes are those that the page uses.
        graph = (await client._client.get(f"/flow_runs/{flow_run_id}/graph-v2")).json()
        older = (await client._client.get(f"/flow_runs/{flow_run_id}/graph")).json()
    return [len(graph["nodes"]), len(graph["root_node_ids"]), len(older)]


if __name__ == "__main__":
    if sys.argv[1] == "asking":
        print(asking())
    elif sys.argv[1] == "talking":
        state = asyncio.run(talking(return_state=True))
        print(json.dumps([state.result(), str(state.state_details.flow_run_id)]))
    elif sys.argv[1] == "observe":
        print(json.dumps(asyncio.run(observe(sys.argv[2]))))
    else:
        leaving.serve(name="served")
