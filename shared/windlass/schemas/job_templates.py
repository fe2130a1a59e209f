"""Base job templates: what a work pool's jobs look like, with placeholders for variables."""

import re
from collections.abc import Iterator
from typing import Annotated, Final, TypeAlias, cast

from pydantic import AfterValidator

from windlass.schemas.base import JsonObject, JsonValue

_PLACEHOLDER: Final = re.compile(r"{{\s*([^{}]*?)\s*}}")
_NOT_VARIABLES: Final = (
    "$",
    "prefect.blocks.",
    "prefect.variables.",
    "windlass.blocks.",
    "windlass.variables.",
)


def check_base_job_template(template: JsonObject) -> JsonObject:
    """The template itself, once every placeholder of its job configuration is a variable of it.

    An empty template stands for the default one of the pool's type. Raises ValueError otherwise.
    """
    if not template:
        return template
    if "job_configuration" not in template or "variables" not in template:
        message = "The base job template must have both `job_configuration` and `variables`."
        raise ValueError(message)
    missing = variables_used(template["job_configuration"]) - variables_declared(template)
    if missing:
        names = ", ".join(f"`{name}`" for name in sorted(missing))
        message = (
            f"The job configuration uses {names}, which `variables.properties` does not declare."
            " Declare each one there, or remove its placeholder."
        )
        raise ValueError(message)
    return template


BaseJobTemplate: TypeAlias = Annotated[JsonObject, AfterValidator(check_base_job_template)]


def variables_declared(template: JsonObject) -> frozenset[str]:
    """The names of the variables that a template declares."""
    variables = template.get("variables")
    properties = _object(variables).get("properties")
    return frozenset(_object(properties))


def variables_used(configuration: JsonValue) -> frozenset[str]:
    """The names of the variables that a job configuration has placeholders for.

    References to blocks, to stored variables and to the environment (``$NAME``) are none.
    """
    return frozenset(
        name
        for text in _texts(configuration)
        for name in _PLACEHOLDER.findall(text)
        if not name.startswith(_NOT_VARIABLES)
    )


def _texts(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in cast(JsonObject, value).items():
            yield key
            yield from _texts(part)
    elif isinstance(value, list):
        for part in cast(list[JsonValue], value):
            yield from _texts(part)


def _object(value: JsonValue) -> JsonObject:
    return cast(JsonObject, value) if isinstance(value, dict) else {}
