"""Secrets, blocks of one's own, and variables; prints what it saw as JSON."""

import asyncio
import json

from prefect import flow, get_run_logger
from prefect.blocks.core import Block
from prefect.blocks.system import Secret
from prefect.variables import Variable


class Cube(Block):
    edge_length_inches: float

    def get_volume(self):
        return self.edge_length_inches**3


def refusal(action, *arguments, **more):
    """The error of what does not work."""
    try:
        action(*arguments, **more)
    except Exception as error:
        return type(error).__name__
    return "none"


@flow
def telling():
    get_run_logger().info("the secret is %s", Secret.load("k"))


async def in_a_loop():
    return await Variable.aget("crew"), await Variable.get("crew")


def main():
    Secret(value="s3cret-value").save("k")
    Cube(edge_length_inches=2.25).save("rubiks-cube")
    Variable.set("crew", ["Z", "A"])
    telling()
    return {
        "secret": Secret.load("k").get(),
        "volume": Cube.load("rubiks-cube").get_volume(),
        "saved twice": refusal(Secret(value="other").save, "k"),
        "default": Variable.get("nope", default=1),
        "crew": asyncio.run(in_a_loop()),
        "refused": [
            refusal(Variable.set, name, value)
            for name, value in (("a b", 1), ("UPPER", 1), ("a" * 256, 1), ("long", "x" * 5001))
        ],
    }


if __name__ == "__main__":
    print(json.dumps(main()))
