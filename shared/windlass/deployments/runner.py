"""A deployment as Python code describes it, before and while it is registered with the API."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, Unpack
from uuid import UUID

from windlass.client.orchestration import WindlassClient, get_client
from windlass.deployments.options import (
    ConcurrencyLimitConfig,
    DeploymentOptions,
    infrastructure_retry_of,
    schedules_from,
)
from windlass.deployments.sources import Source, source_of
from windlass.deployments.triggers import read_triggers, replace_triggers
from windlass.dispatch import dispatched
from windlass.entrypoints import load_flow_from_entrypoint
from windlass.events.schemas.deployment_triggers import DeploymentTriggerTypes
from windlass.exceptions import InvalidNameError
from windlass.schemas.base import JsonObject
from windlass.schemas.catch_up import CatchUp
from windlass.schemas.deployment_schedules import DeploymentScheduleCreate
from windlass.schemas.deployments import DeploymentCreate
from windlass.schemas.infrastructure_retry import InfrastructureRetry

_REFUSED_IN_NAMES = frozenset("/%&><")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerDeployment:
    """A deployment of a flow: `Flow.to_deployment` makes one, `deploy` and `serve` register it.

    `paused` and `schedules` None leave what the deployment has, if there is one already.
    """

    name: str
    flow_name: str
    source: Source
    pull_steps: list[JsonObject] | None = None
    """What to do to get at the code in place of stepping into the directory of the source."""
    description: str | None = None
    version: str | None = None
    tags: list[str] = field(default_factory=list[str])
    parameters: JsonObject = field(default_factory=dict[str, Any])
    parameter_openapi_schema: JsonObject = field(default_factory=dict[str, Any])
    enforce_parameter_schema: bool = True
    schedules: list[DeploymentScheduleCreate] | None = None
    paused: bool | None = None
    concurrency_limit: int | ConcurrencyLimitConfig | None = None
    infrastructure_retry: InfrastructureRetry | None = None
    catch_up: CatchUp | None = None
    work_pool_name: str | None = None
    work_queue_name: str | None = None
    job_variables: JsonObject = field(default_factory=dict[str, Any])
    triggers: list[DeploymentTriggerTypes] = field(default_factory=list[DeploymentTriggerTypes])

    def __post_init__(self) -> None:
        if not self.name or _REFUSED_IN_NAMES & set(self.name):
            raise InvalidNameError(
                f"Deployment name {self.name!r}: give one without {' '.join(_REFUSED_IN_NAMES)}."
            )

    @property
    def full_name(self) -> str:
        """`<flow name>/<deployment name>`."""
        return f"{self.flow_name}/{self.name}"

    @property
    def entrypoint(self) -> str:
        """Where the flow is, from the directory of its source."""
        return self.source.entrypoint

    @classmethod
    def from_flow(cls, flow: Any, name: str, **options: Unpack[DeploymentOptions]) -> Self:
        """A deployment of a flow. Raises MissingFlowError for one that no process could find, and
        ValueError for schedules and triggers that cannot be read.
        """
        concurrency_limit = options.get("concurrency_limit")
        return cls(
            name=name,
            flow_name=flow.name,
            source=source_of(flow),
            description=options.get("description") or flow.description,
            version=options.get("version") or flow.version,
            tags=list(options.get("tags") or ()),
            parameters=options.get("parameters") or {},
            parameter_openapi_schema=flow.parameters.model_dump(mode="json"),
            enforce_parameter_schema=options.get("enforce_parameter_schema", True),
            schedules=schedules_from(options),
            paused=options.get("paused"),
            concurrency_limit=concurrency_limit,
            infrastructure_retry=infrastructure_retry_of(options.get("infrastructure_retry")),
            catch_up=options.get("catch_up"),
            work_pool_name=options.get("work_pool_name"),
            work_queue_name=options.get("work_queue_name"),
            job_variables=options.get("job_variables") or {},
            triggers=read_triggers(options.get("triggers")),
        )

    @classmethod
    def from_entrypoint(
        cls, entrypoint: str, name: str, **options: Unpack[DeploymentOptions]
    ) -> Self:
        """A deployment of the flow at `path/to/file.py:name`, from the working directory."""
        flow = load_flow_from_entrypoint(entrypoint)
        flow.source = Source(Path.cwd(), entrypoint)
        return cls.from_flow(flow, name, **options)

    async def aapply(self, *, work_pool_name: str | None = None, image: str | None = None) -> UUID:
        """Register it with the API, for a work pool if one is named; the id of the deployment."""
        async with get_client() as client:
            return await self.register(client, work_pool_name=work_pool_name, image=image)

    apply = dispatched(aapply)

    async def register(
        self,
        client: WindlassClient,
        *,
        work_pool_name: str | None = None,
        image: str | None = None,
    ) -> UUID:
        """`apply` through a client that is open already."""
        flow_id = await client.create_flow_from_name(self.flow_name)
        wanted = self.to_create(flow_id, work_pool_name=work_pool_name, image=image)
        made = await client.create_deployment(wanted)
        await replace_triggers(client, made, self.triggers)
        return made.id

    def to_create(
        self, flow_id: UUID, *, work_pool_name: str | None = None, image: str | None = None
    ) -> DeploymentCreate:
        """What the API takes: for a work pool, or to be served where none is named."""
        pool = self.work_pool_name or work_pool_name
        limit = self.concurrency_limit
        said: JsonObject = {
            "name": self.name,
            "flow_id": flow_id,
            "description": self.description,
            "version": self.version,
            "tags": self.tags,
            "parameters": self.parameters,
            "parameter_openapi_schema": self.parameter_openapi_schema,
            "enforce_parameter_schema": self.enforce_parameter_schema,
            "entrypoint": self.entrypoint,
            "work_pool_name": pool,
            "work_queue_name": self.work_queue_name,
            "job_variables": self.job_variables | ({"image": image} if image else {}),
            "concurrency_limit": limit,
            "concurrency_options": None,
        }
        if isinstance(limit, ConcurrencyLimitConfig):
            said |= {"concurrency_limit": limit.limit, "concurrency_options": limit.options()}
        if pool is None:
            said |= {"path": str(self.source.directory), "pull_steps": None}
        else:
            said |= {"path": None, "pull_steps": self._pull_steps(image)}
        # What a stock server does not know is said only where somebody said it.
        if self.infrastructure_retry is not None:
            said["infrastructure_retry"] = self.infrastructure_retry
        if self.catch_up is not None:
            said["catch_up"] = self.catch_up
        if self.paused is not None:
            said["paused"] = self.paused
        if self.schedules is not None:
            said["schedules"] = self.schedules
        return DeploymentCreate(**said)

    def _pull_steps(self, image: str | None) -> list[JsonObject] | None:
        if self.pull_steps is not None or image is not None:
            return self.pull_steps
        return self.source.pull_steps()
