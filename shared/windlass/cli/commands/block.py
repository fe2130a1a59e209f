"""`windlass block`: configured blocks and their types."""

from collections.abc import Iterator
from uuid import UUID

import click
from pydantic_core import to_json

from windlass.cli.asking import confirm
from windlass.cli.console import fail, output_option, print_json, print_rows, say
from windlass.cli.paging import every
from windlass.client.orchestration import SyncWindlassClient, get_client
from windlass.exceptions import ObjectNotFound
from windlass.schemas.base import JsonObject, JsonValue
from windlass.schemas.blocks import BlockDocument, BlockType
from windlass.schemas.filters.blocks import BlockDocumentQuery, BlockTypeQuery

_named = click.argument("slug", metavar="[TYPE/NAME]", required=False)
_by_id = click.option("--id", "block_id", type=click.UUID, help="The id of the block.")


@click.group()
def block() -> None:
    """Manage blocks."""


@block.command()
@output_option
def ls(output: str | None) -> None:
    """List configured blocks."""
    with get_client(sync_client=True) as client:
        blocks = list(
            every(
                lambda offset, size: client.read_block_documents(
                    BlockDocumentQuery(offset=offset, limit=size)
                )
            )
        )
    if output:
        print_json(blocks)
        return
    rows = ((str(one.id), one.block_type_name, one.name, _slug_of(one)) for one in blocks)
    print_rows("Blocks", ("ID", "Type", "Name", "Slug"), rows)


@block.command()
@click.option("--module", "-m", help="A module with block classes.")
@click.option(
    "--file",
    "-f",
    type=click.Path(exists=True, dir_okay=False),
    help="A Python file with block classes.",
)
def register(module: str | None, file: str | None) -> None:
    """Register the block types of a module or of a file."""
    if (module is None) == (file is None):
        raise click.UsageError("Give either --module or --file.")
    # What blocks are made of takes a while to import, and the other commands do not need it.
    from windlass.blocks.discovery import block_classes_in  # noqa: PLC0415

    with get_client(sync_client=True) as client:
        url = client.api_url
    try:
        found = block_classes_in(file or module or "")
    except ImportError as error:
        fail(f"The module cannot be imported: {error}.")
    if not found:
        fail(f"There is no block class in {file or module}.")
    for one in found:
        one.register_type_and_schema()
    names = ", ".join(one.get_block_type_name() for one in found)
    say(f"Registered {len(found)} block types with {url}: {names}.")


@block.command()
@_named
@_by_id
@output_option
def inspect(slug: str | None, block_id: UUID | None, output: str | None) -> None:
    """Show a configured block; what is secret of it stays hidden."""
    with get_client(sync_client=True) as client:
        found = _find(client, slug, block_id)
    if output:
        print_json(found)
        return
    about = [("Type", found.block_type_name or ""), ("ID", str(found.id))]
    values = [(name, _text(value)) for name, value in found.data.items()]
    print_rows(_slug_of(found), ("Field", "Value"), about + values)


@block.command()
@_named
@_by_id
def delete(slug: str | None, block_id: UUID | None) -> None:
    """Delete a configured block."""
    with get_client(sync_client=True) as client:
        found = _find(client, slug, block_id)
        confirm(f"Delete the block {_slug_of(found)}?")
        client.delete_block_document(found.id)
    say(f"Deleted the block {_slug_of(found)}.")


@block.command()
@click.argument("type_slug")
def create(type_slug: str) -> None:
    """Show where a block of a type is made in the browser."""
    with get_client(sync_client=True) as client:
        found = _find_type(client, type_slug)
        address = client.api_url.removesuffix("/api")
    say(f"Make a {found.name} block at {address}/blocks/catalog/{found.slug}/create")


@block.group("type")
def block_type() -> None:
    """Inspect and delete block types."""


block.add_command(block_type, "types")


@block_type.command("ls")
@output_option
def ls_types(output: str | None) -> None:
    """List block types."""
    with get_client(sync_client=True) as client:
        types = list(_every_type(client))
    if output:
        print_json(types)
        return
    rows = ((one.slug, _first_line(one.description)) for one in types)
    print_rows("Block types", ("Slug", "Description"), rows)


@block_type.command("inspect")
@click.argument("slug")
@output_option
def inspect_type(slug: str, output: str | None) -> None:
    """Show a block type and the fields of its newest schema."""
    with get_client(sync_client=True) as client:
        found = _find_type(client, slug)
        schema = client.get_most_recent_block_schema_for_block_type(found.id)
    if output:
        print_json({"block_type": found, "block_schema": schema})
        return
    about = [("Slug", found.slug), ("ID", str(found.id))]
    if found.description:
        about.append(("Description", found.description))
    print_rows(found.name, ("", ""), about)
    fields: JsonObject = {} if schema is None else schema.fields
    required: list[str] = fields.get("required") or []
    properties: dict[str, JsonObject] = fields.get("properties") or {}
    rows = (
        (name, _type_of(one), "yes" if name in required else "", one.get("description") or "")
        for name, one in properties.items()
    )
    print_rows("Fields", ("Name", "Type", "Required", "Description"), rows)


@block_type.command("delete")
@click.argument("slug")
def delete_type(slug: str) -> None:
    """Delete a block type with all of its blocks."""
    with get_client(sync_client=True) as client:
        found = _find_type(client, slug)
        confirm(f"Delete the block type {slug!r} and every block of it?")
        client.delete_block_type(found.id)
    say(f"Deleted the block type {slug!r}.")


def _find(client: SyncWindlassClient, slug: str | None, block_id: UUID | None) -> BlockDocument:
    if (slug is None) == (block_id is None):
        raise click.UsageError("Say which block: TYPE/NAME, or --id.")
    if block_id is not None:
        return client.read_block_document(block_id, include_secrets=False)
    of, _, name = (slug or "").partition("/")
    if not name:
        raise click.UsageError(f"A block is addressed as TYPE/NAME, not {slug!r}.")
    return client.read_block_document_by_name(name, of, include_secrets=False)


def _find_type(client: SyncWindlassClient, slug: str) -> BlockType:
    try:
        return client.read_block_type_by_slug(slug)
    except ObjectNotFound:
        known = ", ".join(one.slug for one in _every_type(client))
        fail(f"There is no block type {slug!r}.", hint=f"There are: {known}.")


def _every_type(client: SyncWindlassClient) -> Iterator[BlockType]:
    return every(
        lambda offset, size: client.read_block_types(BlockTypeQuery(offset=offset, limit=size))
    )


def _slug_of(found: BlockDocument) -> str:
    of = "" if found.block_type is None else found.block_type.slug
    return f"{of}/{found.name}"


def _first_line(description: str | None) -> str:
    return (description or "").partition("\n")[0]


def _type_of(property: JsonObject) -> str:
    return str(property.get("format") or property.get("type") or "")


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else to_json(value).decode()
