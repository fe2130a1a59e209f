"""Filters of flow runs that look into a row, on both dialects."""

from typing import Any
from uuid import UUID

import pytest

from tests.conformance.storage.world import World
from tests.support.work import SCOPE
from windlass.schemas.fields import CreatedBy
from windlass.schemas.filters.flow_runs import FlowRunFilter
from windlass.schemas.filters.sorting import FlowRunSort
from windlass_services.storage import flow_runs
from windlass_services.storage.filters.query import Filters
from windlass_services.storage.paging import Window

SCHEDULE = UUID("0" * 31 + "1")
ELSE = UUID("0" * 31 + "2")


@pytest.fixture
async def three(world: World) -> World:
    """`nightly` was made by a schedule, `asked` by a person whose id is not known, `bare` by no one
    who is known."""
    await world.create(name="nightly", created_by=CreatedBy(id=SCHEDULE, type="SCHEDULE"))
    await world.create(name="asked", created_by=CreatedBy(type="USER", display_value="Ada"))
    await world.create(name="bare")
    return world


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({}, "asked bare nightly"),
        ({"id_": [SCHEDULE]}, "nightly"),
        ({"id_": [ELSE]}, ""),
        ({"id_": []}, ""),
        ({"type_": ["USER", "AUTOMATION"]}, "asked"),
        ({"is_null_": True}, "bare"),
        ({"is_null_": False}, "asked nightly"),
        ({"id_": [SCHEDULE], "type_": ["USER"]}, ""),
        ({"operator": "or_", "type_": ["USER"], "is_null_": True}, "asked bare"),
    ],
)
async def test_runs_are_found_by_who_made_them(
    three: World, asked: dict[str, Any], names: str
) -> None:
    wanted = FlowRunFilter.model_validate({"created_by": asked})
    async with three.database.read() as connection:
        found = await flow_runs.read_flow_runs(
            connection,
            SCOPE,
            Filters(flow_runs=wanted),
            FlowRunSort.NAME_ASC,
            Window(9),
            now=three.clock(),
        )
    assert [run.name for run in found] == names.split()
