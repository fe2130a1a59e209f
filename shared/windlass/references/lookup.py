"""The values of what templates refer to, read from the server: a module for each kind."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from windlass.client.orchestration import WindlassClient, get_client
from windlass.references.blocks import read_block_values
from windlass.references.variables import read_variables
from windlass.schemas.base import JsonValue
from windlass.utilities.asyncutils import run_coro_as_sync
from windlass.utilities.templating import PlaceholderUnresolved, references

Read: TypeAlias = Callable[[WindlassClient, list[str]], Awaitable[Mapping[str, JsonValue]]]
"""From what stands behind the kind (`x` of `prefect.variables.x`) to the values that there are."""

KINDS: Final[Mapping[str, Read]] = {
    "blocks": read_block_values,
    "variables": read_variables,
}


async def look_up(client: WindlassClient, *templates: JsonValue) -> dict[str, JsonValue]:
    """The values of all that the templates refer to, by placeholder: `prefect.variables.x`.

    Raises PlaceholderUnresolved for what is not there.
    """
    found: dict[str, JsonValue] = {}
    referred = references([*templates])
    for kind, read in KINDS.items():
        wanted = {name: name.split(".", 2)[2] for name in referred if _kind_of(name) == kind}
        if not wanted:
            continue
        values = await read(client, sorted(set(wanted.values())))
        for name, path in wanted.items():
            if path not in values:
                raise PlaceholderUnresolved(
                    f"`{{{{ {name} }}}}` refers to something that is not on the server at"
                    f" {client.api_url}: make it there, or put the value itself in its place."
                )
            found[name] = values[path]
    return found


def look_up_now(*templates: JsonValue) -> dict[str, JsonValue]:
    """`look_up` in synchronous code, with a client of its own."""
    return run_coro_as_sync(_look_up(*templates))


async def _look_up(*templates: JsonValue) -> dict[str, JsonValue]:
    async with get_client() as client:
        return await look_up(client, *templates)


def _kind_of(name: str) -> str | None:
    parts = name.split(".", 2)
    return parts[1] if len(parts) == 3 else None  # noqa: PLR2004 (prefect, kind, path)
