"""J18: secrets, blocks and variables are kept by the server, and only their owner reads them.

Profiles and where a setting comes from are the client's own, and need no server; what the profile
says about the server is asked for here. Of the thirteen block types that a stock server has from
its first start, those of notifications and of remote file systems wait for their classes.
"""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.compat.stock_client import Stock
from tests.support.windlass_server import AUTH_STRING

pytestmark = pytest.mark.timeout(300)

SECRET: Final = "s3cret-value"
BUILT_IN: Final = frozenset({"local-file-system", "secret", "webhook"})
VARIABLES_REFUSED: Final = [
    {"name": "a b", "value": 1},
    {"name": "UPPER", "value": 1},
    {"name": "a" * 256, "value": 1},
    {"name": "long", "value": "x" * 5001},
]


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    return {AUTH_STRING: "admin:secret"}


@pytest.fixture(scope="module")
def seen(stock: Stock) -> dict[str, Any]:
    """What the script saw."""
    return json.loads(stock.script("journeys/j18_records.py").splitlines()[-1])


def test_j18_a_profile_says_where_the_server_is_and_what_it_asks_for(stock: Stock) -> None:
    pair = stock.server.credentials or ""
    stock.commands(
        ["profile", "create", "dev"],
        ["--profile", "dev", "config", "set", f"PREFECT_API_URL={stock.server.api_url}"],
        ["--profile", "dev", "config", "set", f"PREFECT_API_AUTH_STRING={pair}"],
        ["profile", "use", "dev"],
    )
    # What is empty is not in the environment.
    without = stock.with_settings(
        PREFECT_API_URL="", PREFECT_API_AUTH_STRING="", PREFECT_CLIENT_CUSTOM_HEADERS=""
    )
    assert "secret" in without.prefect("block", "type", "ls")
    shown, revealed = without.commands(["config", "view"], ["config", "view", "--show-secrets"])
    assert (pair in shown, pair in revealed) == (False, True)


def test_j18_the_own_block_types_of_the_server_are_there(stock: Stock) -> None:
    slugs = {each["slug"] for each in stock.server.post("block_types/filter", {})}
    assert slugs >= BUILT_IN
    listed = stock.prefect("block", "type", "ls")
    assert all(slug in listed for slug in slugs)


def test_j18_a_secret_is_read_by_its_owner_and_by_nobody_else(
    stock: Stock, seen: dict[str, Any]
) -> None:
    assert seen["secret"] == SECRET
    assert seen["saved twice"] == "ValueError"
    path = "block_types/slug/secret/block_documents/name/k"
    assert stock.server.get(path)["data"] == {"value": "********"}
    revealed = stock.server.get(f"{path}?include_secrets=true")
    assert revealed["data"] == {"value": SECRET}
    [run] = stock.server.post("flow_runs/filter", {"flows": {"name": {"any_": ["telling"]}}})
    assert "**" in stock.wait_for_log(run["id"], "the secret is")
    home = stock.server.processes["server"].environment["WINDLASS_HOME"]
    kept = b"".join(file.read_bytes() for file in Path(home).glob("windlass.db*"))
    assert b"rubiks-cube" in kept, "this is where blocks are"
    assert SECRET.encode() not in kept


def test_j18_blocks_and_variables_keep_their_values(seen: dict[str, Any]) -> None:
    assert seen["volume"] == 11.390625
    assert (seen["default"], seen["crew"]) == (1, [["Z", "A"], ["Z", "A"]])


def test_j18_names_and_values_that_are_no_good_are_refused(
    stock: Stock, seen: dict[str, Any]
) -> None:
    assert "none" not in seen["refused"]
    with stock.server.http() as client:
        for variable in VARIABLES_REFUSED:
            assert client.post("variables/", json=variable).status_code == 422
