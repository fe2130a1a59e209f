"""What is wrong with values, as a tree along their parts."""

from collections.abc import Iterable

from windlass.schemas.json_schema import Violation
from windlass.schemas.ui import SchemaValueError, SchemaValueIndexError, SchemaValuePropertyError


def error_tree(found: Iterable[Violation]) -> list[SchemaValueError]:
    """Each sentence below the property or the index that it is about."""
    root: list[SchemaValueError] = []
    for violation in found:
        errors = root
        for step in violation.place:
            errors = _errors_at(errors, step)
        errors.append(violation.reason)
    return root


def is_about_the_schema(violation: Violation) -> bool:
    """Whether it is the schema that is wrong: then the values cannot be judged."""
    return "schema is malformed" in violation.reason


def _errors_at(errors: list[SchemaValueError], step: str | int) -> list[SchemaValueError]:
    for error in errors:
        match error:
            case SchemaValuePropertyError(property=known, errors=inner) if known == step:
                return inner
            case SchemaValueIndexError(index=known, errors=inner) if known == step:
                return inner
            case _:
                pass
    if isinstance(step, int):
        made: SchemaValueIndexError | SchemaValuePropertyError = SchemaValueIndexError(
            index=step, errors=[]
        )
    else:
        made = SchemaValuePropertyError(property=step, errors=[])
    errors.append(made)
    return made.errors
