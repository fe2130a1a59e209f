"""Public: facts about the run that code is a part of: `runtime.flow_run.name`.

Where there is no such run, a fact is empty; asking for it never fails. For tests, the environment
may say what it is: `WINDLASS__RUNTIME__FLOW_RUN__NAME=solid-gibbon`.
"""

from windlass.runtime import deployment, flow_run, task_run

__all__ = ["deployment", "flow_run", "task_run"]
