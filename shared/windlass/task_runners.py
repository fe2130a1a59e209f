"""Public: where submitted tasks run."""

import asyncio
import contextvars
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self
from uuid import UUID

from windlass.context import current_scope
from windlass.definitions import FlowDefinition, TaskDefinition
from windlass.engine.drivers import drive, drive_async
from windlass.engine.effects import Description, Enter
from windlass.engine.inputs import run_ids, unfinished
from windlass.engine.process import current_session
from windlass.engine.session import Session
from windlass.engine.task_run import TaskCall, begin_task_run, task_run
from windlass.exceptions import ConfigurationError
from windlass.futures import (
    WindlassConcurrentFuture,
    WindlassFuture,
    WindlassFutureList,
    resolve_futures_to_results,
)
from windlass.schemas.states import StateType
from windlass.utilities.binding import Parameters
from windlass.utilities.mapping import expand_mapping_parameters


class TaskRunner(ABC):
    """Starts task runs, and gives futures of them. A context manager: leaving it ends it.

    Each flow run has one of its own, made by `duplicate` from that of the flow.
    """

    @property
    def name(self) -> str:
        """The name of its kind."""
        return type(self).__name__.removesuffix("TaskRunner").lower()

    @abstractmethod
    def duplicate(self) -> Self:
        """Another one with the same configuration."""

    @abstractmethod
    def submit(
        self,
        task: TaskDefinition,
        parameters: Parameters,
        wait_for: Sequence[Any] | None = None,
        dependencies: Mapping[str, Sequence[UUID]] | None = None,
    ) -> WindlassFuture[Any]:
        """Start a run of `task` as soon as every run that it depends on is finished.

        These are the futures in `parameters` and `wait_for`; `dependencies` names more of them,
        which are finished, by the parameters that came from them.
        """

    @abstractmethod
    def close(self, *, wait: bool = True) -> None:
        """Start no more runs: those that wait are cancelled. With `wait`, let the others finish."""

    def map(
        self, task: TaskDefinition, parameters: Parameters, wait_for: Sequence[Any] | None = None
    ) -> WindlassFutureList[Any]:
        """Start one run for each element of the iterables in `parameters`.

        A future of an iterable is waited for. Raises MappingLengthMismatch and
        MappingMissingIterable.
        """
        dependencies = {n: ids for n, value in parameters.items() if (ids := _whole(value))}
        spread = {
            name: resolve_futures_to_results(value) if name in dependencies else value
            for name, value in parameters.items()
        }
        return WindlassFutureList(
            self.submit(task, one, wait_for, dependencies)
            for one in expand_mapping_parameters(task.binder, spread)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
