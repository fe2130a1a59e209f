"""Parameters that say how they are to be got, replaced by what they mean before a run is made."""

from windlass.exceptions import NotPossible
from windlass.schemas.base import JsonObject
from windlass_services.orchestration.hydration import hydrate, says_how, variables_named_in
from windlass_services.storage.database import Database
from windlass_services.storage.scope import Scope
from windlass_services.storage.variable_values import read_variable_values


async def hydrated_parameters(
    database: Database, scope: Scope, parameters: JsonObject, *, of: str
) -> JsonObject:
    """The parameters themselves; `of` names whose they are. Raises NotPossible for those that
    cannot be got."""
    if not says_how(parameters):
        return parameters
    async with database.read() as connection:
        variables = await read_variable_values(connection, scope, variables_named_in(parameters))
    found = hydrate(parameters, variables, render=True)
    if found.errors:
        raise NotPossible(f"The parameters of {of} cannot be got: {' '.join(found.errors)}")
    values: JsonObject = found.values
    return values
