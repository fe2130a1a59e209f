"""Every shape that has a component in the wire contract says what that component says.

What ours says beyond it stands in `OURS_ALONE`; nothing else may differ.
"""

from collections.abc import Iterator
from enum import StrEnum
from importlib import import_module
from inspect import isclass
from typing import Any, Final, Literal, TypeAlias, TypeGuard

import pytest
from pydantic import BaseModel, TypeAdapter

from tests.unit.schemas import contract

Shown: TypeAlias = type[BaseModel] | type[StrEnum]
Mode: TypeAlias = Literal["validation", "serialization"]

MODULES: Final = (
    "actions.call_webhook",
    "actions.cancel_flow_run",
    "actions.change_flow_run_state",
    "actions.do_nothing",
    "actions.pause_automation",
    "actions.pause_deployment",
    "actions.pause_work_pool",
    "actions.pause_work_queue",
    "actions.resume_automation",
    "actions.resume_deployment",
    "actions.resume_flow_run",
    "actions.resume_work_pool",
    "actions.resume_work_queue",
    "actions.run_deployment",
    "actions.send_notification",
    "actions.suspend_flow_run",
    "actions.targets",
    "admin",
    "artifacts",
    "automations",
    "blocks",
    "concurrency_limits",
    "csrf_tokens",
    "deployment_schedules",
    "deployments",
    "events",
    "fields",
    "filters.artifacts",
    "filters.automations",
    "filters.blocks",
    "filters.criteria",
    "filters.deployments",
    "filters.events",
    "filters.flow_runs",
    "filters.flows",
    "filters.logs",
    "filters.queries",
    "filters.saved_searches",
    "filters.sorting",
    "filters.task_runs",
    "filters.variables",
    "filters.work_pools",
    "filters.work_queues",
    "filters.workers",
    "flow_run_graph",
    "flow_run_inputs",
    "flow_runs",
    "flows",
    "history",
    "logs",
    "orchestration",
    "saved_searches",
    "states",
    "task_runs",
    "triggers.compound",
    "triggers.event",
    "triggers.metric",
    "triggers.sequence",
    "ui",
    "variables",
    "work_pools",
    "work_queues",
    "workers",
)

# The components that are called otherwise: by the name of the server's form, or as a route's body.
COMPONENTS: Final = {
    "AutomationQuery": ("Body_read_automations_automations_filter_post",),
    "CompoundTrigger": ("CompoundTrigger-Input", "CompoundTrigger-Output"),
    "ArtifactCollectionCountQuery": ("Body_count_latest_artifacts_artifacts_latest_count_post",),
    "ArtifactCollectionQuery": ("Body_read_latest_artifacts_artifacts_latest_filter_post",),
    "ArtifactCountQuery": ("Body_count_artifacts_artifacts_count_post",),
    "ArtifactQuery": ("Body_read_artifacts_artifacts_filter_post",),
    "BlockDocumentCountQuery": ("Body_count_block_documents_block_documents_count_post",),
    "BlockDocumentQuery": ("Body_read_block_documents_block_documents_filter_post",),
    "BlockSchemaQuery": ("Body_read_block_schemas_block_schemas_filter_post",),
    "BlockTypeQuery": ("Body_read_block_types_block_types_filter_post",),
    "DatabaseChange": (
        "Body_clear_database_admin_database_clear_post",
        "Body_create_database_admin_database_create_post",
        "Body_drop_database_admin_database_drop_post",
    ),
    "DependencyResult": ("DependencyResult-Output",),
    "Deployment": ("DeploymentResponse",),
    "DeploymentCountQuery": ("Body_count_deployments_deployments_count_post",),
    "DeploymentPageQuery": ("Body_paginate_deployments_deployments_paginate_post",),
    "DeploymentQuery": ("Body_read_deployments_deployments_filter_post",),
    "DeploymentSchedule": ("DeploymentSchedule-Output",),
    "EventCountQuery": ("Body_count_account_events_events_count_by__countable__post",),
    "EventQuery": ("Body_read_events_events_filter_post",),
    "EventTrigger": ("EventTrigger-Input", "EventTrigger-Output"),
    "FlowCountQuery": ("Body_count_flows_flows_count_post",),
    "FlowPageQuery": ("Body_paginate_flows_flows_paginate_post",),
    "FlowQuery": ("Body_read_flows_flows_filter_post",),
    "FlowRun": ("FlowRunResponse", "FlowRun-Output"),
    "FlowRunCountQuery": (
        "Body_count_flow_runs_flow_runs_count_post",
        "Body_average_flow_run_lateness_flow_runs_lateness_post",
    ),
    "FlowRunHistoryQuery": ("Body_flow_run_history_flow_runs_history_post",),
    "FlowIds": (
        "Body_count_deployments_by_flow_ui_flows_count_deployments_post",
        "Body_next_runs_by_flow_ui_flows_next_runs_post",
    ),
    "FlowRunIds": ("Body_count_task_runs_by_flow_run_ui_flow_runs_count_task_runs_post",),
    "FlowRunInputCreate": ("Body_create_flow_run_input_flow_runs__id__input_post",),
    "FlowRunInputQuery": ("Body_filter_flow_run_input_flow_runs__id__input_filter_post",),
    "FlowRunPageQuery": ("Body_paginate_flow_runs_flow_runs_paginate_post",),
    "FlowRunQuery": ("Body_read_flow_runs_flow_runs_filter_post",),
    "FlowRunResume": ("Body_resume_flow_run_flow_runs__id__resume_post",),
    "HistoryResponse": ("HistoryResponse-Output",),
    "HistoryResponseState": ("HistoryResponseState-Output",),
    "LeaseRenewal": (
        "Body_renew_concurrency_lease_v2_concurrency_limits_leases__lease_id__renew_post",
    ),
    "LeaseToRelease": (
        "Body_bulk_decrement_active_slots_with_lease"
        "_v2_concurrency_limits_decrement_with_lease_post",
    ),
    "LogQuery": ("Body_read_logs_logs_filter_post",),
    "SavedSearchQuery": ("Body_read_saved_searches_saved_searches_filter_post",),
    "RunDeployment": ("RunDeployment-Input", "RunDeployment-Output"),
    "ScheduleDeployment": ("Body_schedule_deployment_deployments__id__schedule_post",),
    "ScheduledDeploymentRuns": (
        "Body_get_scheduled_flow_runs_for_deployments_deployments_get_scheduled_flow_runs_post",
    ),
    "SchemaValueIndexError": ("SchemaValueIndexError-Output",),
    "SchemaValuePropertyError": ("SchemaValuePropertyError-Output",),
    "SchemaValues": ("Body_validate_obj_ui_schemas_validate_post",),
    "ScheduledFlowRuns": (
        "Body_get_scheduled_flow_runs_work_pools__name__get_scheduled_flow_runs_post",
    ),
    "SequenceTrigger": ("SequenceTrigger-Input", "SequenceTrigger-Output"),
    "SetState": (
        "Body_set_flow_run_state_flow_runs__id__set_state_post",
        "Body_set_task_run_state_task_runs__id__set_state_post",
    ),
    "SlotsToLease": (
        "Body_bulk_increment_active_slots_with_lease"
        "_v2_concurrency_limits_increment_with_lease_post",
    ),
    "SlotsToRelease": ("Body_bulk_decrement_active_slots_v2_concurrency_limits_decrement_post",),
    "SlotsToTake": ("Body_bulk_increment_active_slots_v2_concurrency_limits_increment_post",),
    "TagLimitReset": (
        "Body_reset_concurrency_limit_by_tag_concurrency_limits_tag__tag__reset_post",
    ),
    "TagSlots": (
        "Body_increment_concurrency_limits_v1_concurrency_limits_increment_post",
        "Body_decrement_concurrency_limits_v1_concurrency_limits_decrement_post",
    ),
    "TaskRun": ("TaskRun", "TaskRunResponse"),
    "TaskRunCountQuery": ("Body_count_task_runs_task_runs_count_post",),
    "TaskRunHistoryQuery": ("Body_task_run_history_task_runs_history_post",),
    "TaskRunPageQuery": ("Body_paginate_task_runs_task_runs_paginate_post",),
    "TaskRunQuery": ("Body_read_task_runs_task_runs_filter_post",),
    "VariableCountQuery": ("Body_count_variables_variables_count_post",),
    "VariableQuery": ("Body_read_variables_variables_filter_post",),
    "WorkPoolCountQuery": ("Body_count_work_pools_work_pools_count_post",),
    "WorkPoolQuery": ("Body_read_work_pools_work_pools_filter_post",),
    "WorkQueue": ("WorkQueue", "WorkQueueResponse"),
    "WorkQueueQuery": (
        "Body_read_work_queues_work_queues_filter_post",
        "Body_read_work_queues_work_pools__work_pool_name__queues_filter_post",
    ),
    "WorkQueueRuns": ("Body_read_work_queue_runs_work_queues__id__get_runs_post",),
    "Worker": ("WorkerResponse",),
    "WorkerFlowRunResponse": ("WorkerFlowRunResponse-Output",),
    "SimpleFlowRun": ("SimpleFlowRun-Output",),
    "SimpleFlowRunQuery": ("Body_read_flow_run_history_ui_flow_runs_history_post",),
    "TaskRunDashboardQuery": (
        "Body_read_dashboard_task_run_counts_ui_task_runs_dashboard_counts_post",
    ),
    "WorkerHeartbeat": (
        "Body_worker_heartbeat_work_pools__work_pool_name__workers_heartbeat_post",
    ),
    "WorkerQuery": ("Body_read_workers_work_pools__work_pool_name__workers_filter_post",),
}

OURS_ALONE: Final = {
    "DeploymentFlowRunCreate": {"run_priority"},
    "Deployment": {"catch_up", "infrastructure_retry"},
    "DeploymentCreate": {"catch_up", "infrastructure_retry"},
    "DeploymentUpdate": {"catch_up", "infrastructure_retry"},
    "FlowFilterId": {"not_any_"},
    "FlowRun": {"execution_id", "blocking_reason", "run_priority"},
    "FlowRunCreate": {"run_priority"},
    "FlowRunFilter": {"created_by"},  # of a later contract
    "FlowRunPolicy": {"infrastructure_retries", "lost_attempts"},
    "LogCreate": {"id"},
    "SetState": {"execution_id", "leased", "request_id"},
    "StateDetails": {"presumed"},
    "WorkPool": {"infrastructure_retry"},
    "WorkPoolCreate": {"infrastructure_retry"},
    "WorkPoolUpdate": {"infrastructure_retry"},
    "WorkerHeartbeat": {"place"},
}

# What the stock client fills in itself, and our own need not either: the shape is the same.
MAY_BE_LEFT_OUT: Final = {
    "CompoundTrigger": {"within"},
    "EventTrigger": {"posture"},
    "SequenceTrigger": {"within"},
}

# What other shapes are made of; a part of a path; and what the contract leaves open.
NOT_COMPARED: Final = {
    "AllOrAnyTags",
    "AllTags",
    "AnyId",
    "AnyIdOrNull",
    "AnyOrLikeText",
    "AnyOrNotAnyId",
    "AnyOrNotAnyText",
    "AnyText",
    "AnyTextOrNull",
    "AutomationCore",
    "Countable",
    "DeploymentBulkDelete",
    "DeploymentBulkDeleteResponse",
    "FlowBulkDelete",
    "FlowBulkDeleteResponse",
    "FlowRunBulkCreateResponse",
    "FlowRunBulkDelete",
    "FlowRunBulkDeleteResponse",
    "FlowRunBulkSetState",
    "FlowRunBulkSetStateResponse",
    "FlowRunCreateResult",
    "FlowRunFilterCreatedBy",
    "FlowRunOrchestrationResult",
    "HistoryPeriod",
    "MetricTrigger",
    "MetricTriggerOperator",
    "MetricTriggerQuery",
    "MadeByRuns",
    "Operated",
    "Page",
    "Paged",
    "Period",
    "PeriodOrNull",
    "Posture",
    "PrefectMetric",
    "Query",
    "Target",
    "TaskRunCount",
    "TextSearch",
    "Window",
}


def _shapes() -> Iterator[Shown]:
    for path in MODULES:
        module = import_module(f"windlass.schemas.{path}")
        for name, value in vars(module).items():
            # pydantic leaves the RootModel that a shape is made of in the module too.
            if _is_shown(value) and value.__module__ == module.__name__ and "[" not in name:
                yield value


def _is_shown(value: object) -> TypeGuard[Shown]:
    return isclass(value) and issubclass(value, BaseModel | StrEnum)


def _components(shape: Shown, said: frozenset[str]) -> list[str]:
    return [name for name in COMPONENTS.get(shape.__name__, (shape.__name__,)) if name in said]


def _cases(said: frozenset[str]) -> list[Any]:
    shapes = [shape for shape in _shapes() if _components(shape, said)]
    return [pytest.param(shape, id=shape.__name__) for shape in shapes]


@pytest.mark.parametrize("shape", _cases(contract.asked()))
def test_a_client_may_send_what_the_contract_says(shape: Shown) -> None:
    ours = contract.fields(_schema(shape, "validation"))
    theirs = _merged(_components(shape, contract.asked()))

    assert ours.keys() == theirs.keys() | OURS_ALONE.get(shape.__name__, set())
    for name, field in theirs.items():
        may_be_left_out = name in MAY_BE_LEFT_OUT.get(shape.__name__, ())
        assert ours[name].required == (field.required and not may_be_left_out), name
        # Where the contract has a field left out, null says the same.
        assert ours[name].types - {"null"} == field.types - {"null"}, name
        assert ours[name].types >= field.types, name


@pytest.mark.parametrize("shape", _cases(contract.answered()))
def test_the_server_answers_what_the_contract_says(shape: Shown) -> None:
    ours = contract.fields(_schema(shape, "serialization"))
    theirs = _merged(_components(shape, contract.answered()))

    assert ours.keys() == theirs.keys() | OURS_ALONE.get(shape.__name__, set())
    for name, field in theirs.items():
        assert ours[name].types == field.types, name


@pytest.mark.parametrize("shape", _cases(contract.asked() | contract.answered()))
def test_a_shape_is_of_the_same_kind_as_in_the_contract(shape: Shown) -> None:
    ours = _schema(shape, "validation")
    for name in _components(shape, contract.asked() | contract.answered()):
        theirs = contract.component(name)
        assert contract.choices(ours) == contract.choices(theirs), name
        if not contract.fields(theirs) and not contract.fields(ours):
            assert contract.types(ours, {}) == contract.types(theirs, {}), name


def test_no_shape_is_left_out_of_the_comparison() -> None:
    said = contract.asked() | contract.answered()
    left_out = {shape.__name__ for shape in _shapes() if not _components(shape, said)}
    assert left_out == NOT_COMPARED


def test_no_component_is_misspelt() -> None:
    said = contract.asked() | contract.answered()
    assert {name for names in COMPONENTS.values() for name in names} <= said


def _schema(shape: Shown, mode: Mode) -> contract.Schema:
    schema: contract.Schema = {"$defs": {}, **TypeAdapter(shape).json_schema(mode=mode)}
    # A shape that contains itself is a definition of its own.
    own: contract.Schema = schema["$defs"].get(schema.get("$ref", "").rpartition("/")[2], {})
    return schema | own


def _merged(components: list[str]) -> dict[str, contract.Field]:
    """The fields of a shape that stands for several components."""
    merged: dict[str, contract.Field] = {}
    for component in components:
        for name, field in contract.fields(contract.component(component)).items():
            known = merged.get(name, field)
            merged[name] = contract.Field(
                known.types | field.types, known.required and field.required
            )
    return merged
