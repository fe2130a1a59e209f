"""What the options on infrastructure that fails mean, for each command that has them."""

from collections.abc import Sequence

import click
import pytest
from click import UsageError

from windlass.cli.commands.deploy import deploy
from windlass.cli.commands.work_pool import work_pool
from windlass.cli.retry_options import Retries, retry_from
from windlass.schemas.infrastructure_retry import InfrastructureFailure, InfrastructureRetry

COMMANDS = {
    "deploy": deploy,
    "create": work_pool.commands["create"],
    "update": work_pool.commands["update"],
}


def policy(command: click.Command, *options: str) -> InfrastructureRetry | None:
    arguments: Sequence[str] = ["a-name", *options]
    said = command.make_context(command.name, list(arguments)).params
    return retry_from(Retries(**{name: said[name] for name in Retries.__annotations__}))


@pytest.fixture(params=COMMANDS)
def command(request: pytest.FixtureRequest) -> click.Command:
    return COMMANDS[request.param]


def test_every_part_of_a_policy_can_be_said(command: click.Command) -> None:
    said = policy(
        command,
        *("--infrastructure-retries", "3", "--infrastructure-retry-delay", "0.5"),
        *("--infrastructure-retry-backoff", "4", "--infrastructure-retry-longest-delay", "60"),
        *("--infrastructure-retry-cause", "lost", "--infrastructure-retry-cause", "ended"),
    )
    assert said == InfrastructureRetry(
        max_retries=3,
        delay_seconds=0.5,
        backoff_factor=4,
        longest_delay_seconds=60,
        causes=[InfrastructureFailure.LOST, InfrastructureFailure.ENDED],
    )


def test_what_is_not_said_is_as_usual(command: click.Command) -> None:
    assert policy(command, "--infrastructure-retries", "1") == InfrastructureRetry(max_retries=1)
    assert policy(command) is None


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--infrastructure-retry-cause", "lost"), "goes with --infrastructure-retries"),
        (("--infrastructure-retry-delay", "0"), "goes with --infrastructure-retries"),
        (("--infrastructure-retries", "1", "--infrastructure-retry-cause", "bored"), "'bored'"),
        (("--infrastructure-retries", "1", "--infrastructure-retry-delay", "1e9"), "less than"),
    ],
)
def test_half_a_policy_is_refused(
    command: click.Command, options: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        policy(command, *options)
