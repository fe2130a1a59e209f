"""Variables."""

from urllib.parse import quote
from uuid import UUID

from windlass.client._sync.resource import SyncResource
from windlass.exceptions import ObjectNotFound
from windlass.schemas.filters.variables import VariableCountQuery, VariableQuery
from windlass.schemas.variables import Variable, VariableCreate, VariableUpdate


class SyncVariables(SyncResource):
    """The methods for variables."""

    def create_variable(self, variable: VariableCreate) -> Variable:
        """Raises `ObjectAlreadyExists`."""
        return self._read(Variable, "POST", "/variables/", body=variable)

    def read_variable(self, variable_id: UUID) -> Variable:
        """Raises `ObjectNotFound`."""
        return self._read(Variable, "GET", f"/variables/{variable_id}")

    def read_variable_by_name(self, name: str) -> Variable | None:
        """None if there is no variable of this name."""
        try:
            return self._read(Variable, "GET", f"/variables/name/{quote(name, safe='')}")
        except ObjectNotFound:
            return None

    def read_variables(self, query: VariableQuery | None = None) -> list[Variable]:
        """Variables that match, by name unless another order is asked for."""
        body = query or VariableQuery()
        return self._read_list(Variable, "POST", "/variables/filter", body=body)

    def count_variables(self, query: VariableCountQuery | None = None) -> int:
        """How many variables match."""
        body = query or VariableCountQuery()
        return int((self._request("POST", "/variables/count", body=body)).json())

    def update_variable(self, variable_id: UUID, update: VariableUpdate) -> None:
        """Change what is set in `update`. Raises `ObjectNotFound` and `ObjectAlreadyExists`."""
        self._request("PATCH", f"/variables/{variable_id}", body=update)

    def update_variable_by_name(self, name: str, update: VariableUpdate) -> None:
        """Change what is set in `update`. Raises `ObjectNotFound` and `ObjectAlreadyExists`."""
        self._request("PATCH", f"/variables/name/{quote(name, safe='')}", body=update)

    def delete_variable(self, variable_id: UUID) -> None:
        """Raises `ObjectNotFound`."""
        self._request("DELETE", f"/variables/{variable_id}")

    def delete_variable_by_name(self, name: str) -> None:
        """Raises `ObjectNotFound`."""
        self._request("DELETE", f"/variables/name/{quote(name, safe='')}")
