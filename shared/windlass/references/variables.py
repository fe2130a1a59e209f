"""`{{ prefect.variables.<name> }}`: the value of a variable."""

from collections.abc import Mapping
from typing import Final

from windlass.client.orchestration import WindlassClient
from windlass.schemas.base import JsonValue
from windlass.schemas.filters.variables import (
    VariableFilter,
    VariableFilterName,
    VariableQuery,
)

_MOST_AT_ONCE: Final = 100


async def read_variables(client: WindlassClient, names: list[str]) -> Mapping[str, JsonValue]:
    """The values of those of these variables that there are."""
    values: dict[str, JsonValue] = {}
    for start in range(0, len(names), _MOST_AT_ONCE):
        some = VariableFilterName(any_=names[start : start + _MOST_AT_ONCE])
        query = VariableQuery(variables=VariableFilter(name=some), limit=_MOST_AT_ONCE)
        values |= {found.name: found.value for found in await client.read_variables(query)}
    return values
