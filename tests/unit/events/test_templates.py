"""What templates users may write."""

from uuid import uuid4

import pytest

from windlass.exceptions import RequestInvalid
from windlass.schemas.automations import AutomationCore
from windlass.schemas.base import JsonObject
from windlass_services.events.templates import check_templates, find_problem

LOOP = "{% for a in b %}"
END = "{% endfor %}"


@pytest.mark.parametrize(
    "template",
    [
        "",
        "plain",
        "{{ event.payload | tojson }}",
        "{{ flow_run | ui_url }}",
        LOOP * 2 + END * 2,
        (LOOP + END) * 3,
    ],
)
def test_what_can_be_read_has_no_problem(template: str) -> None:
    assert find_problem(template) is None


@pytest.mark.parametrize(
    ("template", "line", "message"),
    [
        ("{{ a", 1, "unexpected end of template, expected 'end of print statement'."),
        ("a\n{% while %}", 2, "Encountered unknown tag 'while'."),
        (LOOP * 3 + END * 3, 0, "depth of 3"),
    ],
)
def test_a_problem_says_where_it_is(template: str, line: int, message: str) -> None:
    problem = find_problem(template)
    assert problem is not None
    assert (problem.line, problem.source) == (line, template)
    assert message in problem.message


BAD = "{{ a"
BLOCK = str(uuid4())


@pytest.mark.parametrize(
    ("action", "where"),
    [
        ({"type": "send-notification", "block_document_id": BLOCK, "body": BAD}, "body"),
        (
            {"type": "send-notification", "block_document_id": BLOCK, "body": "", "subject": BAD},
            "subject",
        ),
        ({"type": "call-webhook", "block_document_id": BLOCK, "payload": {"a": BAD}}, "payload"),
        (
            {
                "type": "run-deployment",
                "source": "inferred",
                "parameters": {"a": [{"__prefect_kind": "jinja", "template": BAD}]},
            },
            "parameters.a[0]",
        ),
    ],
)
def test_a_template_of_an_action_is_refused_by_its_place(action: JsonObject, where: str) -> None:
    said: JsonObject = {
        "name": "x",
        "trigger": {},
        "actions": [],
        "actions_on_resolve": [{}, action],
    }
    with pytest.raises(RequestInvalid) as refused:
        check_templates(AutomationCore.model_validate(said))
    assert f"`actions_on_resolve[1].{where}`" in str(refused.value)


def test_parameters_that_do_not_say_they_are_templates_may_be_any_text() -> None:
    action = {"type": "run-deployment", "source": "inferred", "parameters": {"a": BAD}}
    said: JsonObject = {"name": "x", "trigger": {}, "actions": [action]}
    check_templates(AutomationCore.model_validate(said))
