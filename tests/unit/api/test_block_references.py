"""What templates say of blocks, looked up with a real server on both sets of backends."""

import re
from typing import Any

import pytest

from windlass.blocks.core import Block
from windlass.blocks.system import Secret
from windlass.client._async.client import WindlassClient
from windlass.references.lookup import look_up
from windlass.utilities.templating import PlaceholderUnresolved, apply_values


class Cluster(Block):
    settings: dict[str, Any]


async def test_placeholders_of_blocks_become_their_values(client: WindlassClient) -> None:
    settings = {"hosts": [{"name": "ox"}], "port": 5}
    await Cluster(settings=settings).asave("main", client=client)
    await Secret[str].model_validate({"value": "sesame"}).asave("door", client=client)
    template = {
        "key": "{{ prefect.blocks.secret.door }}",
        "same": "Bearer {{ windlass.blocks.secret.door.value }}",
        "host": "{{ prefect.blocks.cluster.main.settings.hosts[0].name }}",
        "port": "{{ prefect.blocks.cluster.main.settings.port }}",
        "all": "{{ prefect.blocks.cluster.main }}",
    }
    assert apply_values(template, await look_up(client, template)) == {
        "key": "sesame",
        "same": "Bearer sesame",
        "host": "ox",
        "port": 5,
        "all": {"settings": settings},
    }


@pytest.mark.parametrize(
    "path", ["secret.none", "cluster.main.nothing", "cluster.main.settings[0]", "cluster.main.l[7]"]
)
async def test_what_is_not_there_is_named(client: WindlassClient, path: str) -> None:
    await Cluster(settings={"l": []}).asave("main", client=client)
    with pytest.raises(PlaceholderUnresolved, match=re.escape(path)):
        await look_up(client, f"{{{{ prefect.blocks.{path} }}}}")
