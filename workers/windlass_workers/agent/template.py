"""Base job templates: made from a type's variables, and rendered for one run."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from windlass.schemas.base import JsonObject, JsonValue
from windlass.utilities.templating import apply_references, apply_values
from windlass_workers.contract import JobVariables


def base_job_template(variables: type[JobVariables]) -> JsonObject:
    """The default template of a type: every variable, each in a place of its own."""
    schema = variables.model_json_schema()
    schema = {key: schema[key] for key in ("properties", "required", "$defs") if key in schema}
    return {
        "job_configuration": {name: f"{{{{ {name} }}}}" for name in schema["properties"]},
        "variables": {"type": "object", **schema},
    }


def referring(template: JsonObject, *layers: Mapping[str, JsonValue] | None) -> list[JsonValue]:
    """The parts of a template and of the job variables in which there may be references."""
    return [template.get("job_configuration"), _defaults(template), *layers]


def render(
    template: JsonObject,
    *layers: Mapping[str, JsonValue] | None,
    found: Mapping[str, JsonValue] = MappingProxyType({}),
) -> JsonObject:
    """The job configuration for one run, with the values of references that were `found`.

    A later layer of job variables wins over an earlier one, and each over the template's
    defaults; `env` is merged name by name, what the job configuration itself says of it included.
    A key with dots (`a.b`) sets a part of a variable. Raises PlaceholderUnresolved.
    """
    defaults = cast(JsonObject, apply_references(_defaults(template), found))
    layered = _merged(*(_nested(layer or {}) for layer in layers))
    given = cast(JsonObject, apply_references(layered, found))
    values = {**_merged(defaults, given), **found}
    configuration = cast(JsonObject, apply_values(template.get("job_configuration") or {}, values))
    written = _part(template, "job_configuration").get("env")
    if isinstance(written, dict):
        fixed = cast(JsonObject, apply_values(written, values))
        configuration["env"] = _part(defaults, "env") | fixed | _part(given, "env")
    return configuration


def _defaults(template: JsonObject) -> JsonObject:
    properties = _part(_part(template, "variables"), "properties")
    return {name: field["default"] for name, field in properties.items() if "default" in field}


def _merged(*layers: JsonObject) -> JsonObject:
    merged: JsonObject = {}
    for layer in layers:
        both = _part(merged, "env") | _part(layer, "env")
        merged |= layer | ({"env": both} if both else {})
    return merged


def _nested(layer: Mapping[str, JsonValue]) -> JsonObject:
    nested: JsonObject = {}
    for key, value in layer.items():
        *parents, last = key.split(".")
        place = nested
        for parent in parents:
            place[parent] = place = dict(_part(place, parent))
        place[last] = value
    return nested


def _part(whole: JsonObject, name: str) -> JsonObject:
    part: JsonValue = whole.get(name)
    return cast(JsonObject, part) if isinstance(part, dict) else {}
