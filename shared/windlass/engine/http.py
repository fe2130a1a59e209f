"""The server over HTTP: one connection pool for the process."""

import json
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Final, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import to_json

from windlass._version import __version__
from windlass.client.answers import (
    LONGEST_BACKOFF,
    RETRIED_STATUSES,
    error_from,
    pause_before_retry,
)
from windlass.client.csrf import PATH, CsrfHeaders
from windlass.client.lean_httpx import httpx
from windlass.client.patience import FIRST_CONTACT_SECONDS, patience_at_first
from windlass.client.speaking import headers_of_process
from windlass.engine.ports import Proposal
from windlass.exceptions import ApiError, ServerBusy, ServerUnreachable
from windlass.logging.loggers import get_logger
from windlass.schemas.base import JsonObject, JsonValue
from windlass.schemas.flow_runs import FlowRun, FlowRunCreate, FlowRunResume, FlowRunUpdate
from windlass.schemas.orchestration import OrchestrationResult, SetState
from windlass.settings import Settings

if TYPE_CHECKING:
    from windlass.schemas.concurrency_limits import (
        ConcurrencyLimitWithLeaseResponse,
        SlotsToLease,
    )
    from windlass.schemas.deployments import Deployment
    from windlass.schemas.executions import RenewResponse
    from windlass.schemas.flow_run_inputs import (
        FlowRunInput,
        FlowRunInputCreate,
        FlowRunInputQuery,
    )
    from windlass.schemas.task_runs import TaskRun, TaskRunCreate

ModelT = TypeVar("ModelT", bound=BaseModel)

_LIMITS: Final = "/v2/concurrency_limits"
_PATIENCE_SECONDS: Final = 900.0
_RENEWAL_SECONDS: Final = 5.0
_WORTH_A_WORD: Final = 3
"""Attempts that failed until the user is told: most troubles are over by then."""


class HttpOrchestration:
    """`Orchestration` and `Post` over HTTP.

    A question is repeated until it is answered, for `patience` seconds: the state of a run waits
    for the API. Only `first_contact` seconds count until the server answered for the first time:
    up to there, a wrong address is more likely than a server that is down. A process that was
    started for a run has its address from somebody who was answered, and is as patient at first.
    Everything asked is safe to repeat, by a request id or an idempotency key. `explain` may know
    more of why there is no answer.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: dict[str, str] | None = None,
        timeout: float = 60.0,
        first_contact: float = FIRST_CONTACT_SECONDS,
        patience: float = _PATIENCE_SECONDS,
        explain: Callable[[], str | None] | None = None,
        csrf: bool = True,
        wire: httpx.BaseTransport | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._first_contact = first_contact
        self._patience = patience
        self._explain = explain
        self._was_reached = False
        self._is_silent = False
        self._flow_ids: dict[str, UUID] = {}
        self._http = httpx.Client(
            base_url=self._url,
            headers={
                "User-Agent": f"windlass/{__version__}",
                "Content-Type": "application/json",
                **(headers or {}),
            },
            timeout=timeout,
            transport=wire,
            # Reading the certificates takes 60 ms, and plain HTTP needs none.
            verify=self._url.startswith("https:"),
        )
        self._csrf = CsrfHeaders(self._http.headers, enabled=csrf)

    @classmethod
    def of(cls, url: str, settings: Settings, explain: Callable[[], str | None]) -> Self:
        """The server at `url`, with the credentials and the patience that the settings say."""
        return cls(
            url,
            headers=headers_of_process(settings),
            timeout=settings.api.request_timeout,
            first_contact=patience_at_first(settings),
            patience=settings.client.api_wait_seconds,
            explain=explain,
            csrf=settings.client.csrf_support_enabled,
        )

    @property
    def api_url(self) -> str:
        return self._url

    def flow_id(self, name: str) -> UUID:
        if name not in self._flow_ids:
            content = self._ask("POST", "/flows/", to_json({"name": name}))
            self._flow_ids[name] = UUID(json.loads(content)["id"])
        return self._flow_ids[name]

    def create_flow_run(self, run: FlowRunCreate) -> FlowRun:
        return self._read(FlowRun, "POST", "/flow_runs/", run)

    def read_flow_run(self, flow_run_id: UUID) -> FlowRun:
        return self._read(FlowRun, "GET", f"/flow_runs/{flow_run_id}")

    def update_flow_run(self, flow_run_id: UUID, update: FlowRunUpdate) -> None:
        self._ask("PATCH", f"/flow_runs/{flow_run_id}", _body_of(update))

    def propose_flow_run_state(self, proposal: Proposal) -> OrchestrationResult:
        question = SetState(
            state=proposal.state,
            force=proposal.force,
            execution_id=proposal.execution_id,
            leased=proposal.leased,
            request_id=proposal.request_id,
        )
        path = f"/flow_runs/{proposal.flow_run_id}/set_state"
        return self._read(OrchestrationResult, "POST", path, question)

    # The models of what most flow runs never ask for are imported when it is asked for.

    def resume_flow_run(
        self, flow_run_id: UUID, run_input: JsonObject | None
    ) -> OrchestrationResult:
        path = f"/flow_runs/{flow_run_id}/resume"
        return self._read(OrchestrationResult, "POST", path, FlowRunResume(run_input=run_input))

    def create_flow_run_input(self, flow_run_id: UUID, wanted: "FlowRunInputCreate") -> None:
        self._ask("POST", f"/flow_runs/{flow_run_id}/input", _body_of(wanted))

    def read_flow_run_input(self, flow_run_id: UUID, key: str) -> str:
        return self._ask("GET", f"/flow_runs/{flow_run_id}/input/{key}").decode()

    def filter_flow_run_input(
        self, flow_run_id: UUID, asked: "FlowRunInputQuery"
    ) -> "list[FlowRunInput]":
        from windlass.schemas.flow_run_inputs import FlowRunInput  # noqa: PLC0415

        path = f"/flow_runs/{flow_run_id}/input/filter"
        found = json.loads(self._ask("POST", path, _body_of(asked)))
        return [FlowRunInput.model_validate(one) for one in found]

    def delete_flow_run_input(self, flow_run_id: UUID, key: str) -> None:
        self._ask("DELETE", f"/flow_runs/{flow_run_id}/input/{key}")

    def create_task_run(self, wanted: "TaskRunCreate") -> "TaskRun":
        from windlass.schemas.task_runs import TaskRun  # noqa: PLC0415

        return self._read(TaskRun, "POST", "/task_runs/", wanted)

    def read_task_run(self, task_run_id: UUID) -> "TaskRun":
        from windlass.schemas.task_runs import TaskRun  # noqa: PLC0415

        return self._read(TaskRun, "GET", f"/task_runs/{task_run_id}")

    def read_deployment(self, deployment_id: UUID, *, patiently: bool = True) -> "Deployment":
        from windlass.schemas.deployments import Deployment  # noqa: PLC0415

        path = f"/deployments/{deployment_id}"
        if patiently:
            return self._read(Deployment, "GET", path)
        if self._is_silent:
            raise ServerUnreachable(f"The server at {self._url} did not answer at last.")
        response = self._once("GET", path, timeout=_RENEWAL_SECONDS)
        return Deployment.model_validate_json(response.content)

    def renew_leases(self, execution_ids: Sequence[str]) -> "RenewResponse":
        from windlass.schemas.executions import (  # noqa: PLC0415
            LeaseRenewal,
            RenewRequest,
            RenewResponse,
        )

        renewals = [LeaseRenewal(execution_id=id) for id in execution_ids]
        response = self._once(
            "POST",
            "/executions/renew",
            _body_of(RenewRequest(renewals=renewals)),
            timeout=_RENEWAL_SECONDS,
        )
        return RenewResponse.model_validate_json(response.content)

    def take_slots(self, asked: "SlotsToLease") -> "ConcurrencyLimitWithLeaseResponse":
        from windlass.schemas.concurrency_limits import (  # noqa: PLC0415
            ConcurrencyLimitWithLeaseResponse,
        )

        path = f"{_LIMITS}/increment-with-lease"
        return self._read(ConcurrencyLimitWithLeaseResponse, "POST", path, asked)

    def renew_slots(self, lease_id: UUID, seconds: float) -> None:
        content = to_json({"lease_duration": seconds})
        path = f"{_LIMITS}/leases/{lease_id}/renew"
        self._once("POST", path, content, timeout=_RENEWAL_SECONDS)

    def give_back_slots(self, lease_id: UUID) -> None:
        self._ask("POST", f"{_LIMITS}/decrement-with-lease", to_json({"lease_id": lease_id}))

    def post(self, path: str, body: JsonValue) -> None:
        self._once("POST", path, to_json(body))

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def _read(
        self, model: type[ModelT], method: str, path: str, body: BaseModel | None = None
    ) -> ModelT:
        content = self._ask(method, path, None if body is None else _body_of(body))
        return model.model_validate_json(content)

    def _ask(self, method: str, path: str, content: bytes | None = None) -> bytes:
        """The answer, however long it takes; when patience is over, what `_once` raises."""
        patience = self._patience if self._was_reached else self._first_contact
        deadline = time.monotonic() + patience
        for attempt in count():
            try:
                return self._once(method, path, content).content
            except (ApiError, ServerUnreachable) as trouble:
                if not _may_pass(trouble) or time.monotonic() > deadline:
                    raise
                if attempt == _WORTH_A_WORD:
                    get_logger("engine").warning("%s Trying for %g seconds.", trouble, patience)
                time.sleep(_pause(trouble, attempt))
        raise AssertionError("there is always another attempt")

    def _once(
        self, method: str, path: str, content: bytes | None = None, *, timeout: float | None = None
    ) -> httpx.Response:
        """The answer. Raises ServerUnreachable, or the ApiError that it stands for."""
        try:
            response = self._sent(method, path, content, timeout)
            if self._csrf.are_asked_for(response):
                if not self._csrf.are_newer(response):
                    self._csrf.take(self._http.get(PATH, params={"client": self._csrf.client}))
                response = self._sent(method, path, content, timeout)
        except httpx.TransportError as error:
            self._is_silent = True
            raise ServerUnreachable(
                (self._explain and self._explain())
                or f"No answer from the server at {self._url} ({type(error).__name__}: {error}). "
                "Is it running (`windlass server status`), and is WINDLASS_API_URL right?"
            ) from error
        self._was_reached = True
        self._is_silent = False
        if not response.is_success:
            raise error_from(response)
        return response

    def _sent(
        self, method: str, path: str, content: bytes | None, timeout: float | None
    ) -> httpx.Response:
        return self._http.request(
            method,
            path,
            content=content,
            timeout=httpx.USE_CLIENT_DEFAULT if timeout is None else timeout,
        )


def _may_pass(trouble: ApiError | ServerUnreachable) -> bool:
    if isinstance(trouble, ApiError):
        return trouble.details.get("status", trouble.status) in RETRIED_STATUSES
    return True


def _pause(trouble: ApiError | ServerUnreachable, attempt: int) -> float:
    if isinstance(trouble, ServerBusy):
        return trouble.retry_after
    return pause_before_retry(None, attempt=min(attempt, LONGEST_BACKOFF))


def _body_of(body: BaseModel) -> bytes:
    """Only what was set: absent and null differ in an update."""
    return body.model_dump_json(exclude_unset=True).encode()
