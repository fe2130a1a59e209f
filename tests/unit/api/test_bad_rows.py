"""A row that cannot be read any more is left out of lists, and named in the log."""

import json

import httpx
import pytest
import sqlalchemy as sa

from windlass_services.orchestration.context import ServiceContext

_BROKEN = {
    "flow_run": ("labels", {"a": None}),
    "deployment": ("parameters", [1]),
    "work_pool": ("base_job_template", [1]),
}


@pytest.mark.parametrize("table", ["flow_run", "deployment", "work_pool"])
async def test_one_bad_row_costs_no_list(
    api: httpx.AsyncClient,
    services: ServiceContext,
    caplog: pytest.LogCaptureFixture,
    table: str,
) -> None:
    ids = await _made(api, table)
    await _break(services, table, ids[1])
    found = await api.post(f"/{table}s/filter", json={})
    assert found.status_code == 200
    assert {row["id"] for row in found.json()} == {ids[0], ids[2]}
    (sentence,) = [record.message for record in caplog.records if ids[1] in record.message]
    assert f"The {table.replace('_', ' ')} {ids[1]} cannot be read" in sentence


async def _made(api: httpx.AsyncClient, table: str) -> list[str]:
    flow_id = (await api.post("/flows/", json={"name": "f"})).json()["id"]
    bodies = {
        "flow_run": {"flow_id": flow_id},
        "deployment": {"flow_id": flow_id},
        "work_pool": {"type": "process"},
    }
    made = [
        await api.post(f"/{table}s/", json=bodies[table] | {"name": f"n{number}"})
        for number in range(3)
    ]
    return [answer.json()["id"] for answer in made]


async def _break(services: ServiceContext, table: str, id: str) -> None:
    """Write JSON that its shape does not read into a column, as an older version might have."""
    column, value = _BROKEN[table]
    literal = json.dumps(value)
    written = f"'{literal}'" + ("::jsonb" if services.database.dialect == "postgresql" else "")
    own_id = id if services.database.dialect == "postgresql" else id.replace("-", "")
    async with services.database.write() as connection:
        changed = await connection.execute(
            sa.text(f"UPDATE {table} SET {column} = {written} WHERE id = '{own_id}'")
        )
        assert changed.rowcount == 1
