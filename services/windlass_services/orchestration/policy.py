"""Which rules decide a transition, in which order: the tuples are the documentation.

The rules of Prefect that are not here decide nothing. What they do besides is written with the
state: a slot is a live execution (`ownership`), and which attempt of a flow run a task run belongs
to is a column (`bookkeeping`). `docs/decisions/0007-transition-differences.md` has the list.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from windlass.schemas.states import State
from windlass_services.orchestration.bookkeeping import (
    flow_run_columns,
    flow_run_state,
    task_run_columns,
    task_run_state,
    task_run_tag_slots,
)
from windlass_services.orchestration.judgement import judge
from windlass_services.orchestration.ownership import dispatch_write, execution_write
from windlass_services.orchestration.rules.bypass_cancelling_flow_runs_with_no_infra import (
    BypassCancellingFlowRunsWithNoInfra,
)
from windlass_services.orchestration.rules.cache_retrieval import CacheRetrieval
from windlass_services.orchestration.rules.copy_scheduled_time import CopyScheduledTime
from windlass_services.orchestration.rules.copy_task_parameters_id import CopyTaskParametersID
from windlass_services.orchestration.rules.enforce_cancelling_to_cancelled_transition import (
    EnforceCancellingToCancelledTransition,
)
from windlass_services.orchestration.rules.ensure_only_scheduled_flows_marked_late import (
    EnsureOnlyScheduledFlowsMarkedLate,
)
from windlass_services.orchestration.rules.handle_flow_terminal_state_transitions import (
    HandleFlowTerminalStateTransitions,
)
from windlass_services.orchestration.rules.handle_pausing_flows import HandlePausingFlows
from windlass_services.orchestration.rules.handle_resuming_paused_flows import (
    HandleResumingPausedFlows,
)
from windlass_services.orchestration.rules.handle_task_terminal_state_transitions import (
    HandleTaskTerminalStateTransitions,
)
from windlass_services.orchestration.rules.preserve_final_states import PreserveFinalStates
from windlass_services.orchestration.rules.prevent_duplicate_transitions import (
    PreventDuplicateTransitions,
)
from windlass_services.orchestration.rules.prevent_pending_transitions import (
    PreventPendingTransitions,
)
from windlass_services.orchestration.rules.prevent_running_tasks_from_stopped_flows import (
    PreventRunningTasksFromStoppedFlows,
)
from windlass_services.orchestration.rules.refuse_deleted_deployments import (
    RefuseDeletedDeployments,
)
from windlass_services.orchestration.rules.refuse_ended_executions import RefuseEndedExecutions
from windlass_services.orchestration.rules.rename_reruns import RenameReruns
from windlass_services.orchestration.rules.retry_failed_flows import RetryFailedFlows
from windlass_services.orchestration.rules.retry_failed_infrastructure import (
    RetryFailedInfrastructure,
)
from windlass_services.orchestration.rules.retry_failed_tasks import RetryFailedTasks
from windlass_services.orchestration.rules.secure_flow_concurrency_slots import (
    SecureFlowConcurrencySlots,
)
from windlass_services.orchestration.rules.secure_task_concurrency_slots import (
    SecureTaskConcurrencySlots,
)
from windlass_services.orchestration.rules.wait_for_scheduled_time import WaitForScheduledTime
from windlass_services.orchestration.transition import Rule, TaskRunChange, Terms, Transition
from windlass_services.storage.hot.facts import Decision, FlowRunFacts, FlowRunTransition, Policy
from windlass_services.storage.hot.protocol import Govern
from windlass_services.storage.task_run_transitions import TaskRunDecision, TaskRunFacts

FLOW_RUN_RULES: Final[tuple[Rule[Transition], ...]] = (
    # Who asks comes before what is asked: a lost reply is found again even by who was replaced.
    PreventDuplicateTransitions(),
    RefuseEndedExecutions(),
    # The end of a run comes before all that a run on its way may do.
    HandleFlowTerminalStateTransitions(),
    PreserveFinalStates(),
    EnforceCancellingToCancelledTransition(),
    RefuseDeletedDeployments(),
    PreventPendingTransitions(),
    EnsureOnlyScheduledFlowsMarkedLate(),
    HandlePausingFlows(),
    # A pause that ran out of time fails; cancelling at once must not be taken for its end.
    HandleResumingPausedFlows(),
    BypassCancellingFlowRunsWithNoInfra(),
    CopyScheduledTime(),
    WaitForScheduledTime(),
    RetryFailedFlows(),
    RetryFailedInfrastructure(),
    # Last: only a run that nothing else holds back takes a slot.
    SecureFlowConcurrencySlots(),
)

FORCED_FLOW_RUN_RULES: Final[tuple[Rule[Transition], ...]] = (
    PreventDuplicateTransitions(),
    RefuseEndedExecutions(),
    PreserveFinalStates(),
    BypassCancellingFlowRunsWithNoInfra(),
    # Stock clients report every crash with force.
    RetryFailedInfrastructure(),
)
"""What not even force may pass; cancelling at once, which only saves waiting; and what somebody
asked for who was not there when it was forced."""

LATE_FLOW_RUN_RULES: Final[tuple[Rule[Transition], ...]] = (EnsureOnlyScheduledFlowsMarkedLate(),)

TASK_RUN_RULES: Final[tuple[Rule[TaskRunChange], ...]] = (
    # A known result saves running at all, whatever else would hold the run back.
    CacheRetrieval(),
    HandleTaskTerminalStateTransitions(),
    PreventRunningTasksFromStoppedFlows(),
    CopyScheduledTime(),
    CopyTaskParametersID(),
    WaitForScheduledTime(),
    RetryFailedTasks(),
    RenameReruns(),
    # Last: only a run that nothing else holds back takes slots.
    SecureTaskConcurrencySlots(),
)

FORCED_TASK_RUN_RULES: Final[tuple[Rule[TaskRunChange], ...]] = ()

_RULES_OF: Final = {
    Policy.CORE: FLOW_RUN_RULES,
    Policy.FORCED: FORCED_FLOW_RUN_RULES,
    Policy.LATE: LATE_FLOW_RUN_RULES,
}


def make_govern(terms: Terms) -> Govern:
    """The decision on flow runs, on these terms, as the hot operations ask for it."""

    def govern(run: FlowRunFacts, proposal: FlowRunTransition, now: datetime) -> Decision:
        return govern_flow_run(run, proposal, now, terms)

    return govern


def govern_flow_run(
    run: FlowRunFacts, proposal: FlowRunTransition, now: datetime, terms: Terms
) -> Decision:
    """Decide one transition of a flow run, and complete the decision with all that it writes."""
    change = Transition(run, proposal, run.state, proposal.proposed, now, terms)
    judgement = judge(_RULES_OF[proposal.policy], change)
    if not judgement.is_written:
        return Decision(judgement.status, None, judgement.reason, judgement.retry_after)
    final = judgement.change
    return Decision(
        judgement.status,
        flow_run_state(final),
        judgement.reason,
        columns=flow_run_columns(final),
        execution=execution_write(final),
        dispatch=dispatch_write(final),
        passed=judgement.passed and flow_run_state(replace(final, proposed=judgement.passed)),
    )


def govern_task_run(
    run: TaskRunFacts, proposed: State, now: datetime, terms: Terms, *, forced: bool = False
) -> TaskRunDecision:
    """Decide one transition of a task run, and complete the decision with all that it writes."""
    change = TaskRunChange(run, run.state, proposed, now, terms)
    judgement = judge(FORCED_TASK_RUN_RULES if forced else TASK_RUN_RULES, change)
    if not judgement.is_written:
        return TaskRunDecision(judgement.status, None, judgement.reason, judgement.retry_after)
    final = judgement.change
    return TaskRunDecision(
        judgement.status,
        task_run_state(final),
        judgement.reason,
        columns=task_run_columns(final, forced=forced),
        tag_slots=task_run_tag_slots(final, forced=forced),
    )
