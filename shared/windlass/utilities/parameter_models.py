"""Type hints of a function as a pydantic model: to validate parameters, and as a schema of them."""

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.fields import FieldInfo

from windlass.exceptions import ParameterTypeError
from windlass.utilities.binding import Parameters

_SCHEMA_PLACE: Final = "#/definitions/{model}"
_TITLE: Final = "Parameters"


class ParameterModel:
    """The parameters of one function, typed."""

    def __init__(self, function: Callable[..., Any], signature: inspect.Signature) -> None:
        self._names = tuple(signature.parameters)
        self._model = _model_of(signature, _hints_of(function))

    def validate(self, parameters: Parameters) -> Parameters:
        """`parameters` cast to their types, with the defaults of those that are not there.

        Raises ParameterTypeError, which names every parameter that does not fit, and why.
        """
        given = {n: value for n, value in parameters.items() if not isinstance(value, FieldInfo)}
        try:
            model = self._model.model_validate(given)
        except ValidationError as error:
            raise ParameterTypeError(_sentence(error)) from None
        return {name: getattr(model, _field(i)) for i, name in enumerate(self._names)}

    def schema(self, docstrings: Mapping[str, str]) -> dict[str, Any]:
        """The JSON schema of the parameters, with their position and their part of `docstrings`."""
        schema = self._model.model_json_schema(ref_template=_SCHEMA_PLACE)
        properties: dict[str, dict[str, Any]] = schema.get("properties", {})
        for position, name in enumerate(self._names):
            one = properties.get(name)
            if one is None:
                continue
            one |= {"position": position, "title": name}
            if name in docstrings:
                one.setdefault("description", docstrings[name])
        return schema


def _field(position: int) -> str:
    # Not the name of the parameter: `copy`, `_x` or `model_dump` cannot be names of fields.
    return f"parameter_{position}"


def _model_of(signature: inspect.Signature, hints: Mapping[str, Any]) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for position, parameter in enumerate(signature.parameters.values()):
        default: Any = ... if parameter.default is parameter.empty else parameter.default
        hint = hints.get(parameter.name, Any)
        match parameter.kind:
            case parameter.VAR_POSITIONAL:
                hint, default = tuple[hint, ...], ()
            case parameter.VAR_KEYWORD:
                hint, default = dict[str, hint], {}
            case _:
                pass
        fields[_field(position)] = (Annotated[hint, Field(alias=parameter.name)], default)
    return create_model(
        _TITLE,
        __config__=ConfigDict(
            arbitrary_types_allowed=True, extra="forbid", protected_namespaces=()
        ),
        **fields,
    )


def _hints_of(function: Callable[..., Any]) -> Mapping[str, Any]:
    function = inspect.unwrap(function)
    try:
        return get_type_hints(function, include_extras=True)
    except (NameError, TypeError, AttributeError):
        return _hints_one_by_one(function)


def _hints_one_by_one(function: Callable[..., Any]) -> Mapping[str, Any]:
    """The hints that can be evaluated: a name that exists for type checkers only is Any."""
    namespace = {**getattr(function, "__globals__", {}), **_closure(function)}
    hints: dict[str, Any] = {}
    for name, hint in getattr(function, "__annotations__", {}).items():
        try:
            carrier = type("Carrier", (), {"__annotations__": {name: hint}})
            hints |= get_type_hints(carrier, globalns=namespace, include_extras=True)
        except (NameError, TypeError, AttributeError):
            hints[name] = Any
    return hints


def _closure(function: Callable[..., Any]) -> Mapping[str, Any]:
    return inspect.getclosurevars(function).nonlocals if inspect.isfunction(function) else {}


def _sentence(error: ValidationError) -> str:
    reasons = [
        f" - {'.'.join(map(str, one['loc'])) or 'parameters'}: {one['msg']}"
        for one in error.errors(include_url=False, include_context=False)
    ]
    return "\n".join(["The parameters do not fit the type hints of the flow:", *reasons])
