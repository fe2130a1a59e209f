"""Which names and labels a trigger asks for: values, beginnings with `*`, exceptions with `!`."""

from collections.abc import Collection, Iterable, Mapping

from windlass.schemas.events import ResourceSpecification
from windlass.schemas.triggers.event import EventTrigger


def is_among(value: str, asked: Collection[str]) -> bool:
    """Whether it is one of those asked for, all if there are only exceptions, and no exception."""
    positive = [one for one in asked if not one.startswith("!")]
    if positive and not any(_is(value, one) for one in positive):
        return False
    return not any(_is(value, one[1:]) for one in asked if one.startswith("!"))


def covers(
    trigger: EventTrigger, resource: Mapping[str, str], related: Collection[Mapping[str, str]]
) -> bool:
    """Whether the trigger looks at events of this resource with these related ones."""
    return has_labels(trigger.match, resource) and all(
        _has_related(one, related) for one in trigger.related_specifications
    )


def has_labels(asked: ResourceSpecification, labels: Mapping[str, str]) -> bool:
    """Whether each label that is asked for is there, with a value that is asked for."""
    return all(
        (actual := labels.get(label)) is not None and is_among(actual, values_of(values))
        for label, values in asked.items()
    )


def values_of(said: str | list[str]) -> list[str]:
    """One value or several, as several."""
    return [said] if isinstance(said, str) else said


def _has_related(asked: ResourceSpecification, related: Iterable[Mapping[str, str]]) -> bool:
    """Whether one of them has the labels, and none that otherwise has them is an exception.

    Where there are nothing but exceptions in a label, none has to be there: a run without tags is
    one without the tag `dev`.
    """
    excepted = {
        label: [one[1:] for one in values_of(values) if one.startswith("!")]
        for label, values in asked.items()
    }
    plain = {label: values for label, values in asked.items() if not excepted[label]}
    alike = [one for one in related if has_labels(plain, one)]
    for label, exceptions in excepted.items():
        if any(_is(one.get(label, ""), value) for one in alike for value in exceptions):
            return False
    only_exceptions = any(
        values and len(values) == len(values_of(asked[label])) for label, values in excepted.items()
    )
    return only_exceptions or any(has_labels(asked, one) for one in alike)


def _is(value: str, asked: str) -> bool:
    if asked.endswith("*"):
        return value.startswith(asked[:-1])
    return value == asked
