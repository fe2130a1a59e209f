"""Calls become parameters by name, and parameters become calls."""

from typing import Any

import pytest

from windlass.exceptions import ParameterBindError, ReservedArgumentError, SignatureMismatchError
from windlass.utilities.binding import Binder


def plain(a: int, b: int = 2) -> tuple[int, int]:
    return a, b


def starred(a: int, /, *rest: int, flag: bool = False, **more: int) -> tuple[Any, ...]:
    return a, rest, flag, more


@pytest.mark.parametrize(
    ("args", "kwargs"), [((1, 2), {}), ((1,), {}), ((), {"b": 2, "a": 1}), ((1,), {"b": 2})]
)
def test_every_way_to_call_gives_the_same_parameters_in_order(
    args: tuple[int, ...], kwargs: dict[str, int]
) -> None:
    parameters = Binder(plain).bind(args, kwargs)

    assert list(parameters.items()) == [("a", 1), ("b", 2)]


@pytest.mark.parametrize(
    ("args", "kwargs"), [((), {}), ((1, 2, 3), {}), ((1,), {"a": 1}), ((1,), {"c": 1})]
)
def test_a_call_that_python_would_refuse_is_refused_with_the_signature(
    args: tuple[int, ...], kwargs: dict[str, int]
) -> None:
    with pytest.raises(ParameterBindError, match=r"plain\(a: int, b: int = 2\)"):
        Binder(plain).bind(args, kwargs)


def test_a_call_with_stars_survives_the_way_there_and_back() -> None:
    binder = Binder(starred)

    parameters = binder.bind((1, 2, 3), {"flag": True, "x": 4})
    args, kwargs = binder.arguments(parameters)

    assert parameters == {"a": 1, "rest": (2, 3), "flag": True, "more": {"x": 4}}
    assert starred(*args, **kwargs) == (1, (2, 3), True, {"x": 4})


def test_parameters_from_elsewhere_may_lack_those_with_a_default() -> None:
    args, kwargs = Binder(plain).arguments({"a": 1})

    assert plain(*args, **kwargs) == (1, 2)


@pytest.mark.parametrize("parameters", [{"b": 1}, {"a": 1, "c": 2}])
def test_parameters_that_do_not_fit_the_signature_are_refused(parameters: dict[str, int]) -> None:
    with pytest.raises(SignatureMismatchError):
        Binder(plain).arguments(parameters)


def test_names_without_a_place_go_into_the_stars_and_come_out_again() -> None:
    binder = Binder(starred)

    gathered = binder.gather({"a": 1, "x": 2, "more": {"y": 3}})

    assert gathered == {"a": 1, "more": {"y": 3, "x": 2}}
    assert binder.spread(gathered) == {"a": 1, "y": 3, "x": 2}


def test_a_parameter_with_a_reserved_name_is_refused() -> None:
    def waits(wait_for: int) -> int:
        return wait_for

    with pytest.raises(ReservedArgumentError, match="wait_for"):
        Binder(waits).refuse(("return_state", "wait_for"))
