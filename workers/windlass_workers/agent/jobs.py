"""From a claimed run to what its worker type has to start. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import ValidationError

from windlass.exceptions import WindlassError
from windlass.schemas.base import JsonObject, JsonValue
from windlass.schemas.executions import ClaimedRun
from windlass_workers.agent.template import base_job_template, referring, render
from windlass_workers.contract import JobVariables, RunSpec


class JobInvalid(WindlassError):
    """The job variables of a run do not fit its worker type."""


def prepare_job(
    claimed: ClaimedRun,
    template: JsonObject,
    kind: type[JobVariables],
    environment: Mapping[str, str],
    found: Mapping[str, JsonValue] = MappingProxyType({}),
) -> tuple[RunSpec, JobVariables]:
    """The job of a run: the pool's template with the variables of deployment and run.

    `found` are the values of what they refer to (see `references_of`). Raises JobInvalid and
    PlaceholderUnresolved.
    """
    layers = _layers(claimed)
    configuration = render(template or base_job_template(kind), *layers, found=found)
    try:
        variables = kind.model_validate(configuration)
    except ValidationError as error:
        raise JobInvalid(_sentence(error)) from error
    given = {name: value for name, value in variables.env.items() if value is not None}
    spec = RunSpec(
        claimed=claimed,
        name=variables.name or claimed.flow_run.name,
        environment={**environment, **given},
        labels={**labels_of(claimed), **variables.labels},
        command=variables.command or None,
    )
    return spec, variables


def references_of(claimed: ClaimedRun, template: JsonObject) -> list[JsonValue]:
    """What the job of a run is made from, in which there may be references to stored values."""
    return referring(template, *_layers(claimed))


def labels_of(claimed: ClaimedRun) -> dict[str, str]:
    """What the infrastructure of every run is labelled with."""
    labels = {
        "prefect.io/flow-run-id": str(claimed.flow_run.id),
        "prefect.io/flow-run-name": claimed.flow_run.name,
        "prefect.io/flow-id": str(claimed.flow.id),
        "prefect.io/flow-name": claimed.flow.name,
        "windlass.io/execution-id": claimed.execution_id,
    }
    if claimed.deployment is not None:
        labels["prefect.io/deployment-id"] = str(claimed.deployment.id)
        labels["prefect.io/deployment-name"] = claimed.deployment.name
    return labels


def _layers(claimed: ClaimedRun) -> tuple[JsonObject | None, JsonObject | None]:
    deployment = claimed.deployment
    return (deployment.job_variables if deployment else None, claimed.flow_run.job_variables)


def _sentence(error: ValidationError) -> str:
    problems = "; ".join(
        f"`{'.'.join(map(str, problem['loc']))}`: {problem['msg']}" for problem in error.errors()
    )
    return (
        f"The job variables of the run do not fit its worker type: {problems}."
        " Change them in the deployment or in the base job template of the work pool."
    )
