"""Block classes saved with a real server and loaded again, on both sets of backends."""

import warnings
from typing import Any, ClassVar

import pytest
from pydantic import Field, SecretStr

from windlass.blocks.core import (
    Block,
    BlockNotSavedError,
    InvalidBlockRegistration,
    UnknownBlockType,
)
from windlass.blocks.fields import SecretDict
from windlass.blocks.system import Secret
from windlass.client._async.client import WindlassClient


class Account(Block):
    """An account somewhere."""

    user: str
    password: SecretStr


class Mirror(Block):
    size: int = 3


class Warehouse(Block):
    """Where goods are.

    Example:
        Load it.
    """

    _block_schema_capabilities: ClassVar[list[str] | None] = ["hold"]

    account: Account
    other: Mirror | Account | None = None
    many: list[Account] = Field(default_factory=list[Account])
    headers: SecretDict = Field(default_factory=lambda: SecretDict({}))


def account(password: str = "hush") -> Account:
    return Account(user="ann", password=SecretStr(password))


async def test_what_was_saved_is_loaded(client: WindlassClient) -> None:
    saved = Warehouse(
        account=account("one"),
        other=Mirror(size=5),
        many=[account("two")],
        headers=SecretDict({"token": "three"}),
    )
    id = await saved.asave("here", client=client)
    loaded = await Warehouse.aload("here", client=client)
    assert loaded == saved
    assert loaded.account.password.get_secret_value() == "one"
    assert (loaded.other, loaded.many[0].user) == (Mirror(size=5), "ann")
    assert loaded.headers.get_secret_value() == {"token": "three"}
    assert loaded.get_block_placeholder() == "prefect.blocks.warehouse.here"
    for reference in (id, str(id), {"block_document_id": id}):
        found = await Warehouse.aload_from_ref(reference, client=client)
        assert found == saved
    by_slug = await Block.aload_from_ref({"block_document_slug": "warehouse/here"}, client=client)
    assert by_slug == await Block.aload("warehouse/here", client=client) == saved
    assert isinstance(by_slug, Warehouse)


async def test_the_server_hides_every_secret_of_a_class(client: WindlassClient) -> None:
    headers = SecretDict({"token": "three"})
    saved = Warehouse(account=account("one"), many=[account("two")], headers=headers)
    id = await saved.asave("here", client=client)
    shown = (await client.read_block_document(id, include_secrets=False)).data
    assert shown["account"]["password"] == "********"
    assert shown["many"][0]["password"] == "********"
    assert shown["headers"] == {"token": "********"}


async def test_a_saved_block_inside_another_stays_one_block(client: WindlassClient) -> None:
    inside = account("before")
    await inside.asave("ann", client=client)
    await Warehouse(account=inside).asave("here", client=client)
    await account("after").asave("ann", overwrite=True, client=client)
    loaded = await Warehouse.aload("here", client=client)
    assert loaded.account.password.get_secret_value() == "after"
    await loaded.asave("there", client=client)
    document = await client.read_block_document_by_name("there", "warehouse")
    assert "account" in document.block_document_references


async def test_a_name_is_overwritten_only_when_asked(client: WindlassClient) -> None:
    first = await Mirror(size=1).asave("m", client=client)
    with pytest.raises(ValueError, match="overwrite=True"):
        await Mirror(size=2).asave("m", client=client)
    assert await Mirror(size=2).asave("m", overwrite=True, client=client) == first
    assert (await Mirror.aload("m", client=client)).size == 2
    with pytest.raises(ValueError, match="name"):
        await Mirror().asave(client=client)
    await Mirror.adelete("m", client=client)
    for gone in (Mirror.aload("m", client=client), Mirror.adelete("m", client=client)):
        with pytest.raises(ValueError, match="Unable to find block document named m"):
            await gone


async def test_a_class_that_grew_loads_what_was_saved_before(client: WindlassClient) -> None:
    class Crate(Block):
        size: int
        key: SecretStr

    await Crate(size=4, key=SecretStr("hush")).asave("c", client=client)

    class Larger(Block):
        _block_type_slug: ClassVar[str | None] = "crate"

        size: int
        key: SecretStr
        weight: int

    with pytest.raises(RuntimeError, match="weight") as raised:
        await Larger.aload("c", client=client)
    assert "hush" not in str(raised.value)
    with pytest.warns(UserWarning, match="weight"):
        loaded = await Larger.aload("c", validate=False, client=client)
    assert (loaded.size, loaded.key.get_secret_value()) == (4, "hush")
    loaded.weight = 7
    with warnings.catch_warnings(action="error"):
        await loaded.asave("c", overwrite=True, client=client)
    assert (await Larger.aload("c", client=client)).weight == 7


async def test_registering_twice_changes_nothing_and_once_more_what_changed(
    client: WindlassClient,
) -> None:
    for _ in range(2):
        await Warehouse.aregister_type_and_schema(client)
    of = await client.read_block_type_by_slug("warehouse")
    assert (of.description, of.code_example) == ("Where goods are.", "Load it.")
    schema = await client.get_most_recent_block_schema_for_block_type(of.id)
    assert schema is not None
    assert schema.fields == Warehouse.model_json_schema()
    assert Block.get_block_class_from_schema(schema) is Warehouse

    class Depot(Warehouse):
        _block_type_slug: ClassVar[str | None] = "warehouse"
        _description: ClassVar[str | None] = "Where more goods are."

    await Depot.aregister_type_and_schema(client)
    changed = await client.read_block_type_by_slug("warehouse")
    assert changed.description == "Where more goods are."
    with pytest.raises(InvalidBlockRegistration):
        await Block.aregister_type_and_schema(client)


@pytest.mark.parametrize("value", ["text", 5, {"a": [1]}, [None, "x"]])
async def test_a_secret_is_anything_that_json_can_say(client: WindlassClient, value: Any) -> None:
    secret = Secret[Any].model_validate({"value": value})
    assert str(value) not in repr(secret).replace("Secret", "")
    await secret.asave("s", client=client)
    assert (await Secret[Any].aload("s", client=client)).get() == value
    loaded = await Block.aload("secret/s", client=client)
    assert isinstance(loaded, Secret)


def test_a_block_says_of_which_type_it_is() -> None:
    dumped = Warehouse(account=account(), other=Mirror()).model_dump(
        mode="json", context={"include_secrets": True}
    )
    assert dumped["other"] == {"size": 3, "block_type_slug": "mirror"}
    assert dumped["account"]["password"] == "hush"
    assert dumped["block_type_slug"] == "warehouse"
    assert "hush" not in account().model_dump_json()
    assert Warehouse.model_validate(dumped).other == Mirror()
    wrong = {**dumped, "account": {**dumped["account"], "block_type_slug": "mirror"}}
    with pytest.raises(ValueError, match="expected 'account', got 'mirror'"):
        Warehouse.model_validate(wrong)
    some: Any = Block
    assert isinstance(some(block_type_slug="mirror"), Mirror)
    with pytest.raises(UnknownBlockType, match="nosuch"):
        Block.get_block_class_from_key("nosuch")
    with pytest.raises(BlockNotSavedError):
        account().get_block_placeholder()
    assert Warehouse.get_block_capabilities() == {"hold"}
    assert Block.annotation_refers_to_block_class(Account | None)
