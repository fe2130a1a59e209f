"""The templates of automations, which users write: read in a sandbox, and bounded."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, cast

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from windlass.exceptions import RequestInvalid
from windlass.schemas.actions import ActionTypes
from windlass.schemas.actions.call_webhook import CallWebhook
from windlass.schemas.actions.run_deployment import RunDeployment
from windlass.schemas.actions.send_notification import SendNotification
from windlass.schemas.automations import AutomationCore
from windlass.schemas.base import JsonObject, JsonValue

_DEEPEST_LOOP: Final = 2
_KIND: Final = "__prefect_kind"


class TemplateProblem(NamedTuple):
    """Why a template is refused; `line` is 0 where it is about the whole."""

    line: int
    message: str
    source: str


def find_problem(template: str) -> TemplateProblem | None:
    """What is wrong with a template; None if nothing is."""
    try:
        parsed = ImmutableSandboxedEnvironment(autoescape=False).parse(template)
    except TemplateSyntaxError as error:
        return TemplateProblem(error.lineno, error.message or "syntax error", template)
    depth = _loop_depth(parsed)
    if depth > _DEEPEST_LOOP:
        return TemplateProblem(
            0,
            f"Contains nested for loops at a depth of {depth}. Templates can nest for loops no"
            f" more than {_DEEPEST_LOOP} loops deep.",
            template,
        )
    return None


def check_templates(wanted: AutomationCore) -> None:
    """Raises RequestInvalid, naming the field, if a template of an action cannot be read."""
    for name in ("actions", "actions_on_trigger", "actions_on_resolve"):
        actions: list[ActionTypes] = getattr(wanted, name)
        for index, action in enumerate(actions):
            for field, template in _templates(action):
                if problem := find_problem(template):
                    raise RequestInvalid(
                        f"`{name}[{index}].{field}` is not a valid template:"
                        f" {problem.message} (line {problem.line})"
                    )


def _templates(action: ActionTypes) -> Iterator[tuple[str, str]]:
    match action:
        case SendNotification():
            yield "subject", action.subject
            yield "body", action.body
        case CallWebhook():
            yield "payload", action.payload
        case RunDeployment():
            yield from _inside(action.parameters or {}, "parameters")
        case _:
            return


def _inside(value: JsonValue, path: str) -> Iterator[tuple[str, str]]:
    """The templates that values of parameters say they are, at any depth."""
    if isinstance(value, list):
        for index, item in enumerate(cast("list[Any]", value)):
            yield from _inside(item, f"{path}[{index}]")
    elif isinstance(value, dict):
        fields = cast(JsonObject, value)
        template = fields.get("template")
        if fields.get(_KIND) == "jinja" and isinstance(template, str):
            yield path, template
            return
        for name, item in fields.items():
            yield from _inside(item, f"{path}.{name}")


def _loop_depth(node: nodes.Node) -> int:
    deepest = max(map(_loop_depth, node.iter_child_nodes()), default=0)
    return deepest + isinstance(node, nodes.For)
