"""What is larger than the settings allow is refused, and the refusal names the limit."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.unit.api.test_deployment_routes import HOURLY, wanted
from windlass.client._async.client import WindlassClient
from windlass.clock import utc_now
from windlass.exceptions import PayloadTooLarge
from windlass.schemas.deployments import DeploymentUpdate
from windlass.schemas.flow_runs import DeploymentFlowRunCreate

LARGE: dict[str, Any] = {"text": "x" * 100}


@pytest.fixture
def backends(backends: dict[str, str]) -> dict[str, str]:
    """A server that accepts little."""
    limits = {
        "API_MAXIMUM_PARAMETERS_BYTES": "100",
        "EVENTS_MAXIMUM_EVENT_NAME_LENGTH": "10",
        "EVENTS_MAXIMUM_LABELS_PER_RESOURCE": "2",
        "EVENTS_MAXIMUM_RELATED_RESOURCES": "1",
        "EVENTS_MAXIMUM_SIZE_BYTES": "500",
    }
    return backends | {f"WINDLASS_SERVER_{name}": value for name, value in limits.items()}


def event(**fields: Any) -> dict[str, Any]:
    """An event that is small enough, but for these fields."""
    small = {
        "id": str(uuid4()),
        "occurred": utc_now().isoformat(),
        "event": "done",
        "resource": {"prefect.resource.id": "a"},
    }
    return small | fields


async def test_parameters_may_be_as_large_as_the_setting_says(client: WindlassClient) -> None:
    made = await client.create_deployment(await wanted(client, enforce_parameter_schema=False))
    fits = DeploymentFlowRunCreate(parameters={"text": "x" * 89})
    run = await client.create_flow_run_from_deployment(made.id, fits)
    assert run.parameters == fits.parameters
    with pytest.raises(PayloadTooLarge, match="take 101 bytes as JSON, but 100 is the most"):
        await client.create_flow_run_from_deployment(
            made.id, DeploymentFlowRunCreate(parameters={"text": "x" * 90})
        )


async def test_large_parameters_are_refused_wherever_they_are_sent(
    client: WindlassClient, api: httpx.AsyncClient
) -> None:
    made = await client.create_deployment(await wanted(client, schedules=[HOURLY]))
    body = {"name": "other", "flow_id": str(made.flow_id)}
    run = (await api.post("/flow_runs/", json=body)).json()
    schedule = made.schedules[0]
    for method, path, sent in (
        ("POST", "/flow_runs/", body),
        ("PATCH", f"/flow_runs/{run['id']}", {}),
        ("POST", "/deployments/", body),
        ("PATCH", f"/deployments/{made.id}", {}),
        ("PATCH", f"/deployments/{made.id}/schedules/{schedule.id}", {}),
    ):
        refused = await api.request(method, path, json=sent | {"parameters": LARGE})
        assert (refused.status_code, refused.json()["code"]) == (413, "too_large"), path
    with pytest.raises(PayloadTooLarge, match="WINDLASS_SERVER_API_MAXIMUM_PARAMETERS_BYTES"):
        await client.update_deployment(made.id, DeploymentUpdate(parameters=LARGE))


RELATED = {"prefect.resource.id": "b", "prefect.resource.role": "part"}


@pytest.mark.parametrize(
    ("fields", "limit"),
    [
        ({"event": "a" * 11}, "EVENT_NAME_LENGTH (10)"),
        ({"resource": {"prefect.resource.id": "a", "b": "b", "c": "c"}}, "LABELS_PER_RESOURCE (2)"),
        ({"related": [RELATED | {"c": "c"}]}, "LABELS_PER_RESOURCE (2)"),
        ({"related": [RELATED, RELATED]}, "RELATED_RESOURCES (1)"),
        ({"payload": {"text": "x" * 500}}, "SIZE_BYTES (500)"),
    ],
)
async def test_an_event_that_is_too_large_is_refused(
    api: httpx.AsyncClient, fields: dict[str, Any], limit: str
) -> None:
    assert (await api.post("/events", json=[event()])).status_code == 204
    refused = await api.post("/events", json=[event(), event(**fields)])
    assert refused.status_code == 413
    assert f"WINDLASS_SERVER_EVENTS_MAXIMUM_{limit}" in refused.json()["detail"]
    found = await api.post("/events/filter", json={})
    assert [one["event"] for one in found.json()["events"]] == ["done"]
