"""What the documents write in two ways in Python: that exists which stock Prefect has."""

import importlib
import inspect

import pytest
from pydantic import ValidationError

import windlass.exceptions
from windlass.runner.storage import GitRepository
from windlass.schemas.deployments import ConcurrencyLimitStrategy, ConcurrencyOptions
from windlass.schemas.events import Resource


def test_a_period_of_grace_that_is_not_given_is_the_servers() -> None:
    assert ConcurrencyOptions(collision_strategy=ConcurrencyLimitStrategy.ENQUEUE).model_dump(
        mode="json"
    ) == {"collision_strategy": "ENQUEUE", "grace_period_seconds": None}


@pytest.mark.parametrize(("seconds", "fits"), [(59, False), (60, True), (86_400, True)])
def test_a_period_of_grace_is_a_minute_to_a_day(seconds: int, fits: bool) -> None:
    said = {"collision_strategy": "ENQUEUE", "grace_period_seconds": seconds}
    if fits:
        assert ConcurrencyOptions.model_validate(said).grace_period_seconds == seconds
    else:
        with pytest.raises(ValidationError, match="greater than or equal to 60"):
            ConcurrencyOptions.model_validate(said)


def test_a_repository_has_an_url() -> None:
    arguments = inspect.signature(GitRepository).parameters
    assert "url" in arguments
    assert "repo_url" not in arguments


def test_slots_are_taken_by_a_function_of_a_module_for_either_kind_of_code() -> None:
    assert not hasattr(importlib.import_module("windlass.concurrency"), "concurrency")
    for name in ("sync", "asyncio"):
        assert callable(importlib.import_module(f"windlass.concurrency.{name}").concurrency)


def test_waiting_for_a_run_ends_with_the_exception_that_the_reference_lists() -> None:
    assert hasattr(windlass.exceptions, "FlowRunWaitTimeout")
    assert not hasattr(windlass.exceptions, "FlowWaitTimeout")


def test_the_name_of_a_resource_is_its_label() -> None:
    named = {"prefect.resource.id": "a.crow", "prefect.resource.name": "Corax"}
    assert Resource(named).name == "Corax"
