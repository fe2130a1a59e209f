"""`windlass deployment run`: a run of a deployment, now or later."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack
from uuid import UUID

import click

from windlass.cli.console import say
from windlass.cli.deployments import find_deployment
from windlass.cli.following import INTERVAL, watch
from windlass.cli.moments import read_delay, read_moment, tell_moment
from windlass.cli.parameters import json_object, key_value, reading
from windlass.client.orchestration import get_client
from windlass.clock import utc_now
from windlass.deployments.flow_runs import RunOptions, wanted_run
from windlass.schemas.base import JsonObject
from windlass.schemas.deployments import Deployment, DeploymentStatus


class _Said(TypedDict):
    job_variables: tuple[tuple[str, Any], ...]
    param: tuple[tuple[str, Any], ...]
    params: JsonObject | None
    start_in: timedelta | None
    start_at: datetime | None
    tags: tuple[str, ...]
    flow_run_name: str | None
    priority: int
    watch: bool
    watch_interval: float
    watch_timeout: float | None


def _local_moment(text: str) -> datetime:
    now = datetime.now().astimezone()
    moment = read_moment(text, now)
    if moment < now:
        raise ValueError(f"{text!r} is over")
    return moment


@click.command()
@click.argument("name", required=False)
@click.option("--id", type=click.UUID, help="The deployment, if no name is given.")
@click.option(
    "--job-variable",
    "-jv",
    "job_variables",
    multiple=True,
    metavar="KEY=VALUE",
    callback=reading(key_value),
    help="A job variable, as JSON or text. Repeatable.",
)
@click.option(
    "--param",
    "-p",
    multiple=True,
    metavar="KEY=VALUE",
    callback=reading(key_value),
    help="A parameter, as JSON or text. Repeatable.",
)
@click.option(
    "--params",
    metavar="JSON",
    callback=reading(json_object),
    help="Parameters as a mapping; `-` reads it from the standard input. --param goes before it.",
)
@click.option(
    "--start-in", metavar="DELAY", callback=reading(read_delay), help="Such as `in 5 minutes`."
)
@click.option(
    "--start-at", metavar="TIME", callback=reading(_local_moment), help="Such as `at 5:30pm`."
)
@click.option("--tag", "tags", multiple=True, help="A tag of the run. Repeatable.")
@click.option(
    "--priority",
    type=click.IntRange(-1000, 1000),
    default=0,
    show_default=True,
    help="Among the runs of its queue: the lowest number goes first.",
)
@click.option("--watch", is_flag=True, help="Follow the run to its end; fails if it does.")
@click.option("--watch-interval", type=click.FloatRange(0.05), default=INTERVAL, show_default=True)
@click.option("--watch-timeout", type=click.FloatRange(0), help="Seconds to follow it for.")
@click.option("--flow-run-name", help="May hold parameters, as `{name}`.")
def run(name: str | None, id: UUID | None, **said: Unpack[_Said]) -> None:
    """Make a run of the deployment FLOW/DEPLOYMENT."""
    if said["start_in"] is not None and said["start_at"] is not None:
        raise click.UsageError("Give --start-in or --start-at, not both.")
    options = _run_options(said)
    with get_client(sync_client=True) as client:
        deployment = find_deployment(client, name, id)
        _refuse_unknown(options.get("parameters") or {}, deployment)
        made = client.create_flow_run_from_deployment(deployment.id, wanted_run(options))
        due = tell_moment(made.expected_start_time, utc_now())
        say(f"Made flow run {made.name!r} ({made.id}), due {'now' if 'ago' in due else due}.")
        _warn_of(deployment)
        if not said["watch"]:
            say(f"Follow it with `windlass flow-run watch {made.id}`.")
            return
        interval, timeout = said["watch_interval"], said["watch_timeout"]
        watch(client, made.id, interval=interval, timeout=timeout)


def _run_options(said: _Said) -> RunOptions:
    parameters = {**(said["params"] or {}), **dict(said["param"])}
    later = said["start_in"]
    return RunOptions(
        parameters=parameters,
        job_variables=dict(said["job_variables"]),
        tags=said["tags"],
        run_priority=said["priority"] or None,
        scheduled_time=said["start_at"] if later is None else utc_now() + later,
        flow_run_name=_filled_in(said["flow_run_name"], parameters),
    )


def _filled_in(template: str | None, parameters: Mapping[str, Any]) -> str | None:
    try:
        return template and template.format(**parameters)
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        raise click.UsageError(
            f"--flow-run-name {template!r} cannot be filled in from the parameters given: "
            f"{type(error).__name__}: {error}."
        ) from error


def _refuse_unknown(parameters: Mapping[str, Any], deployment: Deployment) -> None:
    known: dict[str, Any] | None = (deployment.parameter_openapi_schema or {}).get("properties")
    if known is not None and (unknown := sorted(parameters.keys() - known)):
        raise click.UsageError(
            f"The flow takes no parameter {', '.join(map(repr, unknown))}; it takes"
            f" {', '.join(map(repr, known)) or 'none'}."
        )


def _warn_of(deployment: Deployment) -> None:
    if deployment.status is not DeploymentStatus.NOT_READY:
        return
    if deployment.work_pool_name:
        start = f"`windlass worker start --pool {deployment.work_pool_name!r}`"
    else:
        start = "the program that serves the deployment"
    say(f"Nothing takes its runs now. Start {start}, unless that is done.")
