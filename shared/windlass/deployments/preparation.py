"""From a deployment as a project's file has it to one that can be registered."""

import json
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from pydantic import ValidationError

from windlass.deployments.declarations import DeploymentDeclaration
from windlass.deployments.project import ACTIONS, Project
from windlass.deployments.runner import RunnerDeployment
from windlass.deployments.steps.core import find_step, referred_to, run_steps
from windlass.exceptions import ConfigurationError
from windlass.schemas.base import JsonObject
from windlass.utilities.templating import apply_known_values, apply_values, missing_values

_OURS: Final = ("windlass.", "prefect.deployments.")
_OWN_TEMPLATES: Final = {*ACTIONS, "triggers"}
"""The keys whose placeholders are filled in later: by steps, or by the server for each event."""


@dataclass(slots=True)
class Preparation:
    """Carries out the `build` and `push` steps of a project's deployments, equal ones once."""

    project: Project
    _done: dict[str, JsonObject] = field(default_factory=dict[str, JsonObject])

    def prepared(self, written: JsonObject, overrides: JsonObject) -> RunnerDeployment:
        """The deployment that was written, with what the command line says on top.

        Its code is looked for from the working directory. Raises ConfigurationError and
        StepExecutionError, and PlaceholderUnresolved for references to what is not there.
        """
        where = f"deployment {written.get('name') or overrides.get('name')!r}"
        actions = {name: written.get(name, self.project.actions.get(name)) for name in ACTIONS}
        steps = {name: _steps(actions[name], name, where) for name in ACTIONS}
        for step, inputs in _functions(steps["build"] + steps["push"]):
            find_step(step, (inputs or {}).get("requires"))
        for step, _ in _functions(steps["pull"]):
            if step.startswith(_OURS):
                find_step(step)
        outputs = self._outputs(steps["build"], steps["push"], where)
        rest = {key: value for key, value in written.items() if key not in _OWN_TEMPLATES}
        _refuse_missing(rest, outputs, where)
        filled = cast(JsonObject, apply_values(rest, {**outputs, **referred_to(rest)}))
        if "triggers" in written:
            filled["triggers"] = _with_known_switches(written["triggers"], outputs)
        declared = _declared(_overlaid(filled, overrides), where)
        made = RunnerDeployment.from_entrypoint(
            declared.entrypoint, declared.name, **declared.options()
        )
        pull = cast("list[JsonObject]", apply_known_values(steps["pull"], outputs))
        return replace(
            made,
            flow_name=declared.flow_name or made.flow_name,
            pull_steps=pull or None,
        )

    def _outputs(self, build: list[JsonObject], push: list[JsonObject], where: str) -> JsonObject:
        key = json.dumps([build, push], default=str)
        if key not in self._done:
            outputs: JsonObject = {}
            for step in build + push:
                _refuse_missing(step, outputs, where)
                outputs = run_steps([step], outputs)
            self._done[key] = outputs
        return self._done[key]


def _with_known_switches(triggers: Any, outputs: JsonObject) -> Any:
    """The triggers; of their placeholders, only those of `enabled` are filled in here."""
    if isinstance(triggers, list):
        return [_with_known_switches(each, outputs) for each in cast("list[Any]", triggers)]
    if isinstance(triggers, dict) and "enabled" in triggers:
        trigger = cast(JsonObject, triggers)
        return {**trigger, "enabled": apply_values(trigger["enabled"], outputs)}
    return cast(Any, triggers)


def _overlaid(filled: JsonObject, overrides: JsonObject) -> JsonObject:
    """What a file says with what the command line says on top."""
    said = _merged(filled, overrides)
    if "schedule" in overrides:
        said |= {"schedule": overrides["schedule"], "schedules": None}
    return said


def _merged(below: JsonObject, above: JsonObject) -> JsonObject:
    merged = dict(below)
    for key, value in above.items():
        before: Any = below.get(key)
        both = isinstance(before, dict) and isinstance(value, dict)
        merged[key] = _merged(cast(JsonObject, before), cast(JsonObject, value)) if both else value
    return merged


def _declared(said: JsonObject, where: str) -> DeploymentDeclaration:
    try:
        return DeploymentDeclaration.model_validate(said)
    except ValidationError as error:
        reasons = (
            f"`{'.'.join(map(str, one['loc']))}`: {one['msg'].removeprefix('Value error, ')}"
            for one in error.errors(include_url=False)
        )
        raise ConfigurationError(f"The {where} is wrong: {'; '.join(reasons)}.") from error


def _steps(said: Any, action: str, where: str) -> list[JsonObject]:
    steps: Any = said or []
    if not isinstance(steps, list) or not all(
        isinstance(each, dict) and len(cast(JsonObject, each)) == 1
        for each in cast("list[Any]", steps)
    ):
        raise ConfigurationError(
            f"The {where} is wrong: `{action}` must be a list of steps, each with one function and"
            " its inputs."
        )
    return cast("list[JsonObject]", steps)


def _functions(steps: list[JsonObject]) -> list[tuple[str, JsonObject | None]]:
    return [function for step in steps for function in step.items()]


def _refuse_missing(template: JsonObject, outputs: JsonObject, where: str) -> None:
    if missing := missing_values(template, outputs):
        listed = ", ".join(f"`{{{{ {name} }}}}`" for name in missing)
        raise ConfigurationError(
            f"The {where} refers to what has no value: {listed}. Set the environment variable, or"
            " give the step that makes it this `id`."
        )
