"""What each criterion is asked for in the filled database: common values and rare ones."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from tests.scale.filling import BIG, DAYS, SMALL

Values: TypeAlias = dict[str, list[Any]]
"""Of each criterion by its path in its filter: the values that it is tried with."""

_DAY: Final = 86_400_000


class Known:
    """The ids that filling.sql gives, for a database that was filled at `now`."""

    def __init__(self, now: datetime) -> None:
        self.now = int(now.timestamp() * 1000)
        self.began = self.now - DAYS * _DAY

    def flow(self, number: int) -> UUID:
        return self._numbered(number, 3, self.began)

    def deployment(self, number: int) -> UUID:
        return self._numbered(number, 4, self.began)

    def pool(self, number: int) -> UUID:
        return self._numbered(number, 5, self.began)

    def queue(self, number: int) -> UUID:
        return self._numbered(number, 6, self.began)

    def schedule(self, number: int) -> UUID:
        return self._numbered(number, 12, self.began)

    def variable(self, number: int) -> UUID:
        return self._numbered(number, 8, self.began)

    def artifact(self, number: int) -> UUID:
        return self._numbered(number, 10, self._moment(number, SMALL))

    def block(self, kind: int, number: int) -> UUID:
        return self._numbered(number, kind, self.began)

    def flow_run(self, number: int) -> UUID:
        return self._numbered(number, 1, min(self._moment(number, BIG["flow_run"]), self.now))

    def task_run(self, number: int) -> UUID:
        return self._numbered(number, 2, min(self._moment(number, BIG["task_run"]), self.now))

    def event(self, number: int) -> UUID:
        return self._numbered(number, 16, self._event_moment(number))

    def event_resource(self, number: int) -> str:
        kind = "flow-run" if number % 10 < 3 else "task-run"
        return f"prefect.{kind}.{self._numbered(number, 1, self._event_moment(number))}"

    def at(self, part: float) -> datetime:
        """When this part of the time of the runs was over."""
        return datetime.fromtimestamp((self.began + part * DAYS * _DAY) / 1000).astimezone()

    def _event_moment(self, number: int) -> int:
        return self.began + number * DAYS * _DAY // BIG["event"]

    def _moment(self, number: int, many: int) -> int:
        if number * 100 <= many * 99:
            return self.began + number * DAYS * _DAY * 100 // (many * 99)
        return self.now + (number * 100 - many * 99) * _DAY // many

    @staticmethod
    def _numbered(number: int, kind: int, moment: int) -> UUID:
        return UUID(f"{moment:012x}7{kind:03x}8{number:015x}")


def values_of(known: Known) -> Mapping[str, Values]:
    """By the name of each filter."""
    return {
        "flows": _FLOWS | {"id.any_": [[known.flow(7)]], "id.not_any_": [[known.flow(7)]]},
        "deployments": _DEPLOYMENTS
        | {"id.any_": [[known.deployment(7)]], "id.not_any_": [[known.deployment(7)]]},
        "flow_runs": _flow_runs(known),
        "task_runs": _task_runs(known),
        "work_pools": _WORK_POOLS | {"id.any_": [[known.pool(3)]]},
        "work_queues": _WORK_QUEUES | {"id.any_": [[known.queue(3)]]},
        "workers": _WORKERS | _period("last_heartbeat_time", known),
        "logs": _logs(known),
        "events": _events(known),
        "variables": _VARIABLES | {"id.any_": [[known.variable(3)]]},
        "automations": _AUTOMATIONS | {"created.before_": [known.at(0.5)]},
        "artifacts": _ARTIFACTS | {"id.any_": [[known.artifact(3)]]} | _made_by(known),
        "artifact_collections": _ARTIFACTS
        | {"latest_id.any_": [[known.artifact(3)]]}
        | _made_by(known),
        "block_types": _BLOCK_TYPES,
        "block_schemas": _BLOCK_SCHEMAS
        | {"id.any_": [[known.block(18, 3)]], "block_type_id.any_": [[known.block(17, 3)]]},
        "block_documents": _BLOCK_DOCUMENTS
        | {"id.any_": [[known.block(19, 3)]], "block_type_id.any_": [[known.block(17, 3)]]},
    }


_TAGS: Final[Values] = {
    "tags.all_": [["nightly"], ["tag-0"], ["tag-499"], ["nightly", "tag-3"], ["none has it"]],
    "tags.is_null_": [True, False],
}
_ANY_TAGS: Final[Values] = {"tags.any_": [["nightly"], ["tag-499", "tag-498"], ["none has it"]]}
_FLOWS: Final[Values] = _TAGS | {
    "name.any_": [["flow-x7"]],
    "name.like_": ["7"],
    "deployment.is_null_": [True, False],
}
_DEPLOYMENTS: Final[Values] = (
    _TAGS
    | _ANY_TAGS
    | {
        "name.any_": [["deployment-x7"]],
        "name.like_": ["7"],
        "flow_or_deployment_name.like_": ["7"],
        "paused.eq_": [True, False],
        "work_queue_name.any_": [["queue-7"]],
        "concurrency_limit.ge_": [40],
        "concurrency_limit.le_": [10],
        "concurrency_limit.is_null_": [True, False],
    }
)
_WORK_POOLS: Final[Values] = {"name.any_": [["pool-3"]], "type.any_": [["process"]]}
_WORK_QUEUES: Final[Values] = {"name.any_": [["queue-3"]], "name.startswith_": [["queue-3"]]}
_WORKERS: Final[Values] = {"status.any_": [["ONLINE"]], "status.not_any_": [["ONLINE"]]}
_VARIABLES: Final[Values] = _TAGS | {"name.any_": [["variable_x3"]], "name.like_": ["3"]}
_AUTOMATIONS: Final[Values] = _TAGS | _ANY_TAGS | {"name.any_": [["automation-x3"]]}
_ARTIFACTS: Final[Values] = {
    "key.any_": [["key-x"]],
    "key.like_": ["a"],
    "key.exists_": [True, False],
    "type.any_": [["table"], ["none has it"]],
    "type.not_any_": [["table"]],
}
_BLOCK_TYPES: Final[Values] = {"name.like_": ["7"], "slug.any_": [["type-7"]]}
_BLOCK_SCHEMAS: Final[Values] = {
    "block_capabilities.all_": [["storage"]],
    "version.any_": [["3.7"]],
}
_BLOCK_DOCUMENTS: Final[Values] = {
    "is_anonymous.eq_": [True, False],
    "name.any_": [["document-x7"]],
    "name.like_": ["7"],
}


def _flow_runs(known: Known) -> Values:
    return (
        _TAGS
        | _ANY_TAGS
        | {
            "id.any_": [[known.flow_run(7), known.flow_run(70_000)]],
            "id.not_any_": [[known.flow_run(7)]],
            "name.any_": [["none-has-it"]],
            "name.like_": ["pg", "none has it"],
            "deployment_id.any_": [[known.deployment(0)], [known.deployment(19_990)]],
            "deployment_id.is_null_": [True, False],
            "work_queue_name.any_": [["queue-0"], ["queue-59"], ["none has it"]],
            "work_queue_name.is_null_": [True, False],
            **_states("COMPLETED", "FAILED", "CRASHED", "SCHEDULED", "RUNNING", "CANCELLING"),
            "state.type.not_any_": [["COMPLETED"], ["FAILED"]],
            "state.name.not_any_": [["Completed"], ["Failed"]],
            "flow_version.any_": [["none has it"], [_FLOW_VERSION]],
            **_period("start_time", known),
            **_period("end_time", known),
            **_period("expected_start_time", known),
            **_period("next_scheduled_start_time", known),
            "start_time.is_null_": [True, False],
            "end_time.is_null_": [True, False],
            "parent_flow_run_id.any_": [[known.flow_run(7)], [known.flow_run(70_000)]],
            "parent_task_run_id.any_": [[known.task_run(7)], [known.task_run(70_000)]],
            "parent_task_run_id.is_null_": [True, False],
            "idempotency_key.any_": [["none has it"]],
            "idempotency_key.not_any_": [["none has it"]],
            "created_by.id_": [[known.schedule(0)], [known.schedule(19_990)]],
            "created_by.type_": [["SCHEDULE"], ["AUTOMATION"]],
            "created_by.is_null_": [True, False],
        }
    )


def _task_runs(known: Known) -> Values:
    return _TAGS | {
        "id.any_": [[known.task_run(7), known.task_run(70_000)]],
        "name.any_": [["none-has-it"]],
        "name.like_": ["pg", "none has it"],
        **_states("COMPLETED", "FAILED", "CRASHED", "SCHEDULED", "RUNNING", "CANCELLING"),
        **_period("start_time", known),
        **_period("expected_start_time", known),
        "start_time.is_null_": [True, False],
        "subflow_runs.exists_": [True, False],
        "flow_run_id.any_": [[known.flow_run(7)], [known.flow_run(70_000)]],
        "flow_run_id.is_null_": [True, False],
    }


def _logs(known: Known) -> Values:
    return {
        "level.ge_": [10, 40, 50],
        "level.le_": [10, 40, 5],
        **_period("timestamp", known),
        "flow_run_id.any_": [[known.flow_run(7)], [known.flow_run(900_000)]],
        "task_run_id.any_": [[known.task_run(7)], [known.task_run(900_000)]],
        "task_run_id.is_null_": [True, False],
        "text.query": ["finished", "nonehasit"],
    }


def _events(known: Known) -> Values:
    own, rare = known.event_resource(70_000), "prefect.none-has-it"
    tag = "prefect.tag.tag-499"
    label = {"prefect.state-type": "COMPLETED"}
    return {
        "occurred.since": [known.at(0.2), known.at(0.99)],
        "occurred.until": [known.at(0.2), known.at(0.99)],
        "event.prefix": [["prefect.flow-run."], ["none-has-it."]],
        "event.exclude_prefix": [["prefect.flow-run."]],
        "event.name": [["prefect.flow-run.Completed"], ["none-has-it"]],
        "event.exclude_name": [["prefect.flow-run.Completed"]],
        "resource.id": [[own], [rare]],
        "resource.id_prefix": [["prefect.flow-run."], [own[:-2]], [rare]],
        "resource.labels": [label, {"prefect.resource.id": own}, {"prefect.none": "none has it"}],
        "resource.distinct": [True],
        "related.id": [[tag], [rare]],
        "related.role": [["tag"], ["none has it"]],
        "related.resources_in_roles": [[(tag, "tag")], [(rare, "tag")]],
        "related.labels": [{"prefect.resource.role": "tag"}, {"prefect.resource.id": rare}],
        "any_resource.id": [[own], [tag], [rare]],
        "any_resource.id_prefix": [["prefect.flow-run."], [rare]],
        "any_resource.labels": [label, {"prefect.resource.id": rare}],
        "id.id": [[known.event(70_000)]],
        "text.query": ["completed", "nonehasit"],
    }


def _made_by(known: Known) -> Values:
    return {
        "flow_run_id.any_": [[known.flow_run(41)]],
        "task_run_id.any_": [[known.task_run(41)]],
    }


def _states(*types: str) -> Values:
    return {
        "state.type.any_": [[type] for type in types],
        "state.name.any_": [[type.capitalize()] for type in types] + [["Late"], ["TimedOut"]],
    }


def _period(path: str, known: Known) -> Values:
    edges = [known.at(0.0) - timedelta(days=1), known.at(0.0005), known.at(0.5)]
    return {
        f"{path}.before_": edges,
        f"{path}.after_": [known.at(0.5), known.at(0.9995), known.at(2.0)],
    }


_FLOW_VERSION: Final = "cfcd208495d565ef66e7dff9f98764da"
"""Of the flow that most runs are of."""
