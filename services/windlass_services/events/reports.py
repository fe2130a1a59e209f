"""The way in for reports of task runs: events and what they record, in one transaction."""

import logging
from collections.abc import Sequence
from typing import Final

from windlass.exceptions import ObjectAlreadyExists
from windlass.schemas.reports import TaskRunReport
from windlass_services.events.intake import announce, take_in
from windlass_services.events.rows import TASK_RUN_RECORDER
from windlass_services.events.task_run_states import expand
from windlass_services.orchestration.context import ServiceContext
from windlass_services.storage.scope import Scope
from windlass_services.storage.subjects import read_flow_run_subjects

_log: Final = logging.getLogger(__name__)


async def take_in_reports(
    services: ServiceContext, scope: Scope, reports: Sequence[TaskRunReport]
) -> None:
    """Store what a process says about its task runs. When this returns, it is there to be read.

    Of a flow run that is gone only the events are: nobody would delete what records bring back.
    The recorder has nothing left to do, unless one of the runs cannot be recorded: then it goes
    through them one by one and sets that one aside.
    """
    flow_run_ids = {report.flow_run_id for report in reports if report.flow_run_id}
    async with services.database.read() as connection:
        flow_runs = await read_flow_run_subjects(connection, flow_run_ids)
    now = services.clock()
    expansions = [expand(report, flow_runs, now) for report in reports]
    events = [event for one in expansions for event in one.events]
    records = [record for one in expansions for record in one.records]
    try:
        await services.database.hot.record_task_runs(scope, records, events)
    except ObjectAlreadyExists as error:
        _log.warning("Reported task runs are left to the recorder: %s", error)
        await take_in(services.database, services.publisher, scope, events)
    else:
        await announce(services.publisher, events, done_for=(TASK_RUN_RECORDER,))
