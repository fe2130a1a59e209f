"""Whether the parameters of a flow fit the schema that its deployment keeps of them."""

from windlass.exceptions import DoesNotFit, RequestInvalid
from windlass.schemas.base import JsonObject
from windlass.schemas.json_schema import require_fit, violations


def check_parameters(
    parameters: JsonObject,
    schema: JsonObject | None,
    *,
    of: str,
    complete: bool,
    error: type[RequestInvalid] = DoesNotFit,
) -> None:
    """Raises the error unless `parameters` fit; `of` names whose they are, for the message.

    A run's are `complete`: what the schema requires must be there. A deployment's need not be.
    """
    if schema:
        reasons = violations(parameters, schema, ignore_required=not complete)
        require_fit(f"The parameters of {of}", reasons, error)
