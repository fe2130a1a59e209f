"""Blocks of the stock package are at home, and the classes of both packages mean the same."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from tests.compat.stock_client import Stock
from windlass.blocks.core import Block
from windlass.blocks.fields import SecretDict
from windlass.schemas.block_fields import block_schema_checksum

pytestmark = pytest.mark.timeout(300)


class Login(Block):
    """Who one is.

    Attributes:
        user: the name
    """

    user: str
    password: SecretStr


class Options(BaseModel):
    depth: int = 1


class Mirror(Block):
    size: int = 3
    options: dict[str, Options] | None = None


class Store(Block):
    login: Login
    either: Mirror | Login | None = None
    maybe: Login | None = None
    headers: SecretDict
    options: Options = Options()


@pytest.fixture(scope="module")
def stock_kinds(stock: Stock) -> dict[str, Any]:
    """Checksum and schema of each class of the script, which saved and loaded blocks of them."""
    return json.loads(stock.script("blocks.py", "save").splitlines()[-1])


def test_schemas_have_the_checksums_that_stock_clients_compute(
    stock: Stock, stock_kinds: dict[str, Any]
) -> None:
    for name, kind in stock_kinds.items():
        stored = stock.server.get(f"block_schemas/checksum/{kind['checksum']}")
        assert stored["fields"]["block_type_slug"] == name.lower()
        wanted = kind["fields"].get("definitions", {})
        assert stored["fields"].get("definitions", {}) == wanted


def test_the_same_class_has_the_same_schema_in_both_packages(
    stock_kinds: dict[str, Any],
) -> None:
    ours = {kind.__name__: kind for kind in (Login, Mirror, Store)}
    for name, kind in stock_kinds.items():
        assert ours[name].model_json_schema() == kind["fields"]
        assert block_schema_checksum(ours[name].model_json_schema()) == kind["checksum"]


@pytest.mark.usefixtures("stock_kinds")
def test_secrets_of_stock_blocks_are_hidden(stock: Stock) -> None:
    shown = stock.server.get("block_types/slug/store/block_documents/name/main")
    assert shown["data"]["login"] == {"user": "ann", "password": "********"}
    assert shown["data"]["headers"] == {"token": "********"}
    reference = shown["block_document_references"]["login"]["block_document"]
    assert reference["name"] == "ann"


@pytest.mark.usefixtures("stock_kinds")
def test_the_stock_command_line_manages_blocks(stock: Stock) -> None:
    registered, listed, types, inspected, shown = stock.commands(
        ["block", "register", "--file", "blocks.py"],
        ["block", "ls"],
        ["block", "type", "ls"],
        ["block", "inspect", "login/ann"],
        ["block", "type", "inspect", "login"],
    )
    assert "Successfully registered 4 blocks" in registered
    assert "login/ann" in listed
    assert "secret" in types
    assert "changed" not in inspected
    assert "ann" in inspected
    assert "password" in shown
