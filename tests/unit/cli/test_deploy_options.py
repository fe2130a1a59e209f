"""What the options of `windlass deploy` mean."""

import pytest
from click import UsageError

from windlass.cli.commands.deploy import deploy
from windlass.schemas.catch_up import CatchUp


@pytest.mark.parametrize(
    ("text", "policy"), [("all", "all"), ("latest", "latest"), ("none", "none"), ("5", 5)]
)
def test_a_catch_up_policy_is_a_word_or_a_number(text: str, policy: CatchUp) -> None:
    context = deploy.make_context("deploy", ["--catch-up", text])
    assert context.params["catch_up"] == policy


@pytest.mark.parametrize("text", ["newest", "0", "1.5", "true", "null"])
def test_another_policy_is_refused_with_those_that_there_are(text: str) -> None:
    with pytest.raises(UsageError, match="neither all, latest, none nor a positive number"):
        deploy.make_context("deploy", ["--catch-up", text])
