"""One of everything on a server, for generated requests to meet: most of what breaks needs it."""

from typing import Any, Final, TypeAlias

from tests.support.windlass_server import WindlassServer

World: TypeAlias = dict[str, dict[str, str]]
"""By the first word of the paths of a resource: the parameters by which its one object is found."""

_WHEN: Final = "2026-01-01T00:00:00Z"
_EVENT: Final = {
    "id": "00000000-0000-4000-8000-000000000001",
    "event": "seen",
    "occurred": _WHEN,
    "resource": {"prefect.resource.id": "prefect.flow-run.world"},
}
_CRON: Final = {"schedule": {"cron": "0 0 1 1 *"}, "slug": "yearly"}
_SCHEMA: Final = {"type": "object", "properties": {"text": {"type": "string"}}}


def populate(server: WindlassServer) -> World:
    """Make one object of every resource."""
    world = _work(server) | _runs(server) | _blocks(server) | _records(server)
    flow_run_id = world["flow_runs"]["id"]
    server.post(f"flow_runs/{flow_run_id}/input", {"key": "given", "value": "1"})
    line = {"name": "world", "level": 20, "message": "seen", "timestamp": _WHEN}
    server.post("logs/", [line | {"flow_run_id": flow_run_id}])
    server.post("events", [_EVENT])
    return world


def _work(server: WindlassServer) -> World:
    pool = server.post("work_pools/", {"name": "pool", "type": "process"})
    queue = server.post("work_pools/pool/queues", {"name": "queue"})
    server.post("work_pools/pool/workers/heartbeat", {"name": "worker"})
    return {
        "work_pools": {
            "id": pool["id"],
            "work_pool_name": "pool",
            "name": "pool",
            "queues": "queue",
            "workers": "worker",
        },
        "work_queues": {"id": queue["id"], "name": "queue"},
    }


def _runs(server: WindlassServer) -> World:
    flow = server.post("flows/", {"name": "flow"})
    wanted = {
        "name": "deployment",
        "flow_id": flow["id"],
        "schedules": [_CRON],
        "parameter_openapi_schema": _SCHEMA,
        "work_pool_name": "pool",
    }
    deployment = server.post("deployments/", wanted)
    run = server.post(f"deployments/{deployment['id']}/create_flow_run")
    server.post(f"flow_runs/{run['id']}/set_state", {"state": {"type": "RUNNING"}})
    task_run = {"flow_run_id": run["id"], "task_key": "task", "dynamic_key": "0"}
    task = server.post("task_runs/", task_run)
    schedule_id = deployment["schedules"][0]["id"]
    named = {"flow_name": "flow", "deployment_name": "deployment"}
    return {
        "flows": {"id": flow["id"], "name": "flow"},
        "deployments": {"id": deployment["id"], "schedule_id": schedule_id, **named},
        "flow_runs": {"id": run["id"], "key": "given"},
        "task_runs": {"id": task["id"]},
        "flow_run_states": {"id": run["state_id"]},
    }


def _blocks(server: WindlassServer) -> World:
    kind = server.post("block_types/", {"name": "Kind", "slug": "kind"})
    fields = {"block_type_id": kind["id"], "fields": _SCHEMA, "capabilities": ["read"]}
    schema = server.post("block_schemas/", fields)
    made = {"name": "block", "block_schema_id": schema["id"], "block_type_id": kind["id"]}
    document = server.post("block_documents/", made | {"data": {"text": "secret"}})
    return {
        "block_types": {"id": kind["id"], "slug": "kind", "block_document_name": "block"},
        "block_schemas": {"id": schema["id"], "checksum": schema["checksum"]},
        "block_documents": {"id": document["id"]},
    }


def _records(server: WindlassServer) -> World:
    def made(path: str, body: dict[str, Any]) -> str:
        return server.post(path, body)["id"]

    trigger = {"type": "event", "posture": "Reactive", "expect": ["seen"], "within": 0}
    rule = {"name": "rule", "trigger": trigger, "actions": [{"type": "do-nothing"}]}
    with server.http() as client:
        search = client.put("saved_searches/", json={"name": "search"}).json()["id"]
    limit = made("v2/concurrency_limits/", {"name": "limit", "limit": 5})
    return {
        "variables": {
            "id": made("variables/", {"name": "variable", "value": 1}),
            "name": "variable",
        },
        "artifacts": {"id": made("artifacts/", {"key": "key", "data": 1}), "key": "key"},
        "saved_searches": {"id": search},
        "automations": {
            "id": made("automations/", rule),
            **{"resource_id": "prefect.deployment.1"},
        },
        "concurrency_limits": {
            "id": made("concurrency_limits/", {"tag": "tag", "concurrency_limit": 5}),
            "tag": "tag",
            "id_or_name": limit,
        },
    }
