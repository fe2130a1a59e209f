"""Base job templates: made from a type's variables, and rendered for one run. Pure."""

import json
import re
from collections.abc import Mapping
from functools import partial
from typing import Final, cast

from windlass.exceptions import WindlassError
from windlass.schemas.base import JsonObject, JsonValue
from windlass_workers.contract import JobVariables

_PLACEHOLDER: Final = re.compile(r"{{\s*([^{}]+?)\s*}}")
_NOTHING: Final = object()


class TemplateInvalid(WindlassError):
    """The base job template of the work pool cannot be rendered for this run."""


def base_job_template(variables: type[JobVariables]) -> JsonObject:
    """The default template of a type: every variable, each in a place of its own."""
    schema = variables.model_json_schema()
    schema = {key: schema[key] for key in ("properties", "required", "$defs") if key in schema}
    return {
        "job_configuration": {name: f"{{{{ {name} }}}}" for name in schema["properties"]},
        "variables": {"type": "object", **schema},
    }


def render(template: JsonObject, *layers: Mapping[str, JsonValue] | None) -> JsonObject:
    """The job configuration for one run.

    A later layer of job variables wins over an earlier one, and each over the template's
    defaults; `env` is merged name by name, what the job configuration itself says of it included.
    A key with dots (`a.b`) sets a part of a variable. A placeholder alone takes the value with its
    type, or leaves its key out where there is none; one inside a text is put in as text. Raises
    TemplateInvalid.
    """
    defaults = _defaults(template)
    given = _merged(*(_nested(layer or {}) for layer in layers))
    values = _merged(defaults, given)
    configuration = cast(JsonObject, _filled(template.get("job_configuration") or {}, values))
    written = _part(template, "job_configuration").get("env")
    if isinstance(written, dict):
        fixed = cast(JsonObject, _filled(written, values))
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
            inner = place.get(parent)
            place[parent] = place = dict(cast(JsonObject, inner)) if _is_object(inner) else {}
        place[last] = value
    return nested


def _filled(value: JsonValue, values: JsonObject) -> JsonValue:
    """The value with its placeholders filled in; `_NOTHING` for one without a value."""
    if isinstance(value, str):
        return _filled_text(value, values)
    if isinstance(value, dict):
        filled = {k: _filled(v, values) for k, v in cast(JsonObject, value).items()}
        return {key: part for key, part in filled.items() if part is not _NOTHING}
    if isinstance(value, list):
        parts = [_filled(part, values) for part in cast(list[JsonValue], value)]
        return [part for part in parts if part is not _NOTHING]
    return value


def _filled_text(text: str, values: JsonObject) -> JsonValue:
    alone = _PLACEHOLDER.fullmatch(text.strip())
    if alone is None:
        return _PLACEHOLDER.sub(partial(_as_text, values=values), text)
    value = _value_of(alone[1], values)
    return _NOTHING if value is None else value


def _as_text(found: re.Match[str], values: JsonObject) -> str:
    value = _value_of(found[1], values)
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)


def _value_of(name: str, values: JsonObject) -> JsonValue:
    if name in values:
        return values[name]
    if name.startswith(("$", "prefect.", "windlass.")):
        raise TemplateInvalid(
            f"The base job template refers to `{{{{ {name} }}}}`, which this worker cannot look up."
            " Put the value into a job variable of the work pool or of the deployment."
        )
    return None


def _part(whole: JsonObject, name: str) -> JsonObject:
    part: JsonValue = whole.get(name)
    return cast(JsonObject, part) if _is_object(part) else {}


def _is_object(value: JsonValue) -> bool:
    return isinstance(value, dict)
