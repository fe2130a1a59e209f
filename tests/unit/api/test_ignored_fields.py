"""A field that means nothing here is ignored, and the answer says so."""

from typing import Any

import httpx
import pytest

from windlass_services.api.ignored_fields import HEADER


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/flows/", {"name": "a", "colour": "red"}, "colour"),
        ("/flows/", {"name": "a", "labels": {"any": "thing"}}, None),
        ("/flows/filter", {"flows": {"nmae": {"any_": ["a"]}}, "limit": 1}, "flows.nmae"),
        ("/flows/filter", {"flows": {"name": {"any_": ["a"], "ä b": 1}}}, "flows.name.%C3%A4%20b"),
        ("/flows/filter", None, None),
        ("/work_pools/", {"name": "a", "type": "process", "x": 1, "y": 2}, "x, y"),
    ],
)
async def test_the_answer_names_what_was_ignored(
    api: httpx.AsyncClient, path: str, body: Any, named: str | None
) -> None:
    answered = await api.post(path, json=body)
    assert answered.is_success
    assert answered.headers.get(HEADER) == named


async def test_parts_of_a_state_are_looked_at_and_its_data_is_not(api: httpx.AsyncClient) -> None:
    flow = (await api.post("/flows/", json={"name": "a"})).json()
    run = (await api.post("/flow_runs/", json={"flow_id": flow["id"]})).json()
    state = {"type": "RUNNING", "data": {"any": "thing"}, "state_details": {"new": 1}, "mood": 1}
    answered = await api.post(f"/flow_runs/{run['id']}/set_state", json={"state": state})
    assert answered.status_code == 201
    assert answered.headers[HEADER] == "state.state_details.new, state.mood"


async def test_a_deployment_of_a_newer_client_is_made(api: httpx.AsyncClient) -> None:
    flow = (await api.post("/flows/", json={"name": "a"})).json()
    wanted = {"name": "d", "flow_id": flow["id"], "parameters": {"own": 1}, "from_3_9": True}
    answered = await api.post("/deployments/", json=wanted)
    assert answered.status_code == 201
    assert answered.headers[HEADER] == "from_3_9"
