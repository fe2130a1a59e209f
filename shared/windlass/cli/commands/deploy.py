"""`windlass deploy`: register deployments from a project's file, or from what is said here."""

from pathlib import Path
from typing import Any, Unpack

import click
from pydantic import TypeAdapter

from windlass.cli.asking import can_ask
from windlass.cli.console import say
from windlass.cli.parameters import json_object, json_or_text, key_value, reading
from windlass.cli.retry_options import Retries, retry_from, retry_options
from windlass.cli.schedule_options import When, schedule_from, schedule_options
from windlass.cli.trigger_options import read_triggers
from windlass.deployments.deploying import deploy as register
from windlass.deployments.preparation import Preparation
from windlass.deployments.project import Project, find_project_file, read_project
from windlass.schemas.base import JsonObject
from windlass.schemas.catch_up import CatchUp
from windlass.schemas.deployments import ConcurrencyLimitStrategy


class _Said(When, Retries):
    description: str | None
    version: str | None
    tags: tuple[str, ...]
    pool: str | None
    work_queue: str | None
    job_variables: tuple[tuple[str, Any], ...]
    param: tuple[tuple[str, Any], ...]
    params: JsonObject | None
    concurrency_limit: int | None
    collision_strategy: ConcurrencyLimitStrategy | None
    catch_up: CatchUp | None
    enforce_parameter_schema: bool | None
    triggers: tuple[list[JsonObject], ...]


def _catch_up(text: str) -> CatchUp:
    policy: CatchUp | None = json_or_text(text)
    try:
        return TypeAdapter[CatchUp](CatchUp).validate_python(policy)
    except ValueError:
        raise ValueError(f"{text!r} is neither all, latest, none nor a positive number") from None


@click.command()
@click.argument("entrypoint", required=False, metavar="[PATH/TO/FILE.py:FLOW]")
@click.option(
    "--name", "-n", "names", multiple=True, help="NAME or FLOW/NAME; `*` is a pattern. Repeatable."
)
@click.option("--all", "every_one", is_flag=True, help="All deployments of the file.")
@click.option(
    "--prefect-file",
    "--file",
    "path",
    type=click.Path(path_type=Path),
    help="The file (windlass.yaml or prefect.yaml).",
)
@click.option("--description", "-d", help="By default that of the flow.")
@click.option("--version", help="By default that of the flow.")
@click.option("--tag", "-t", "tags", multiple=True, help="A tag, of its runs too. Repeatable.")
@click.option("--pool", "-p", help="The work pool whose workers do its runs.")
@click.option("--work-queue", "-q", help="The lane of the pool.")
@click.option(
    "--job-variable",
    "-jv",
    "job_variables",
    multiple=True,
    metavar="KEY=VALUE",
    callback=reading(key_value),
    help="A job variable, as JSON or text. Repeatable.",
)
@schedule_options
@click.option(
    "--param",
    multiple=True,
    metavar="KEY=VALUE",
    callback=reading(key_value),
    help="The default of a parameter, as JSON or text. Repeatable.",
)
@click.option(
    "--params", metavar="JSON", callback=reading(json_object), help="Defaults as a mapping."
)
@click.option(
    "--trigger",
    "triggers",
    multiple=True,
    metavar="JSON|FILE",
    callback=reading(read_triggers),
    help="A trigger as JSON, or a file of them, in place of those of the file. Repeatable.",
)
@click.option("--concurrency-limit", type=click.IntRange(1), help="Runs at once.")
@click.option(
    "--collision-strategy",
    type=click.Choice([*ConcurrencyLimitStrategy]),
    help="What becomes of one more.",
)
@click.option(
    "--catch-up",
    metavar="all|latest|none|N",
    callback=reading(_catch_up),
    help="Which scheduled runs still go when no worker took them in time.",
)
@retry_options
@click.option(
    "--enforce-parameter-schema/--no-enforce-parameter-schema",
    default=None,
    help="Whether parameters that do not fit are refused.",
)
def deploy(
    entrypoint: str | None,
    names: tuple[str, ...],
    every_one: bool,
    path: Path | None,
    **said: Unpack[_Said],
) -> None:
    """Create and update deployments.

    Those that the file of the project in this directory declares, or one of what is said here.
    """
    path = path or find_project_file(Path.cwd())
    project = Project() if path is None else read_project(path)
    chosen = _chosen(project, entrypoint, names, every_one)
    overrides = _overrides(entrypoint, said)
    if len(chosen) > 1 and overrides:
        say("More than one deployment: what else the command line says about them is left out.")
        overrides = {}
    preparation = Preparation(project)
    register(*(preparation.prepared(written, overrides) for written in chosen))


def _chosen(
    project: Project, entrypoint: str | None, names: tuple[str, ...], every_one: bool
) -> list[JsonObject]:
    if every_one:
        if names:
            raise click.UsageError("Give --name or --all, not both.")
        if not project.deployments:
            raise click.UsageError("There is no windlass.yaml with deployments here.")
        return list(project.deployments)
    if entrypoint is not None and not set(names) & set(project.names):
        if len(names) != 1:
            raise click.UsageError("Give the deployment of the flow a --name.")
        return [{"name": names[0]}]
    if names:
        return project.chosen(names)
    return [_only(project)]


def _only(project: Project) -> JsonObject:
    if len(project.deployments) == 1:
        return project.deployments[0]
    if not project.deployments:
        raise click.UsageError(
            "There is no windlass.yaml with deployments here: give PATH/TO/FILE.py:FLOW, --name and"
            " --pool, or the file with --prefect-file."
        )
    if not can_ask():
        raise click.UsageError(
            f"Say which deployment with --name, or --all: {', '.join(project.names)}."
        )
    name = str(click.prompt("Deployment", type=click.Choice(project.names)))
    return project.chosen([name])[0]


def _overrides(entrypoint: str | None, said: _Said) -> JsonObject:
    """What the command line says, as a file would."""
    pool = {
        "name": said["pool"],
        "work_queue_name": said["work_queue"],
        "job_variables": dict(said["job_variables"]) or None,
    }
    overrides: JsonObject = {
        "entrypoint": entrypoint,
        "description": said["description"],
        "version": said["version"],
        "tags": list(said["tags"]) or None,
        "parameters": {**(said["params"] or {}), **dict(said["param"])} or None,
        "work_pool": _given(pool) or None,
        "schedule": _schedule(said),
        "concurrency_limit": _concurrency(said),
        "infrastructure_retry": _retry(said),
        "catch_up": said["catch_up"],
        "enforce_parameter_schema": said["enforce_parameter_schema"],
        "triggers": [trigger for some in said["triggers"] for trigger in some] or None,
    }
    return _given(overrides)


def _schedule(said: _Said) -> JsonObject | None:
    if schedule_from(said) is None:
        return None
    return _given({name: said[name] for name in When.__annotations__})


def _retry(said: _Said) -> JsonObject | None:
    retry = retry_from(said)
    return None if retry is None else retry.model_dump(mode="json", exclude_unset=True)


def _concurrency(said: _Said) -> JsonObject | None:
    limit, strategy = said["concurrency_limit"], said["collision_strategy"]
    if limit is None and strategy is not None:
        raise click.UsageError("--collision-strategy goes with --concurrency-limit.")
    return None if limit is None else _given({"limit": limit, "collision_strategy": strategy})


def _given(values: JsonObject) -> JsonObject:
    return {name: value for name, value in values.items() if value is not None}
