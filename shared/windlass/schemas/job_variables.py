"""Whether job variables fit the base job template of their work pool.

Job variables lie over each other: the defaults of the pool, then those of the deployment, then
those of the flow run. Only a flow run must have every variable that the template requires.
"""

from typing import cast

from windlass.exceptions import RequestInvalid
from windlass.schemas.base import JsonObject, JsonValue
from windlass.schemas.json_schema import Violation, require_fit, violations


def default_job_variables(template: JsonObject) -> JsonObject:
    """What a base job template sets where nobody says otherwise."""
    return _defaults(_variables_schema(template))


def check_default_job_variables(template: JsonObject, *, of: str) -> None:
    """Raises RequestInvalid unless each default of a template fits its own variable."""
    schema = _variables_schema(template)
    require_fit(f"The defaults in the base job template of {of}", _unfit(_defaults(schema), schema))


def check_job_variables(
    variables: JsonObject,
    template: JsonObject,
    *,
    of: str,
    error: type[RequestInvalid] = RequestInvalid,
) -> None:
    """Raises the error unless what is given fits; what is missing may still come."""
    unfit = _unfit(variables, _variables_schema(template))
    require_fit(f"The job variables of {of}", unfit, error)


def check_complete_job_variables(variables: JsonObject, template: JsonObject, *, of: str) -> None:
    """Raises RequestInvalid unless `variables`, over the defaults, are all that a run needs.

    `variables` are those of the run over those of its deployment. A default that does not fit is
    the pool's fault, and no reason to refuse a run.
    """
    schema = _variables_schema(template)
    given = _defaults(schema) | variables
    missing = [f"`{name}` is required." for name in schema.get("required", ()) if name not in given]
    require_fit(f"The job variables of {of}", [*missing, *_unfit(variables, schema)])


def _variables_schema(template: JsonObject) -> JsonObject:
    variables: JsonValue = template.get("variables")
    return cast(JsonObject, variables) if isinstance(variables, dict) else {}


def _defaults(schema: JsonObject) -> JsonObject:
    properties = cast(JsonObject, schema.get("properties") or {})
    # `true` is a schema, too.
    described = {
        name: cast(JsonObject, field)
        for name, field in properties.items()
        if isinstance(field, dict)
    }
    return {name: field["default"] for name, field in described.items() if "default" in field}


def _unfit(variables: JsonObject, schema: JsonObject) -> list[Violation]:
    return violations(variables, schema, ignore_required=True, is_opaque=_is_filled_in_later)


def _is_filled_in_later(value: JsonValue) -> bool:
    """A placeholder or a reference to a block: the worker knows its value, the server does not."""
    if isinstance(value, str):
        return "{{" in value
    return isinstance(value, dict) and "$ref" in value
