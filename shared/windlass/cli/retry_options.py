"""The options that say how often a run is dispatched anew when its infrastructure fails."""

from collections.abc import Callable
from typing import Any, Final, TypedDict, TypeVar

import click

from windlass.cli.parameters import reason_of
from windlass.schemas.infrastructure_retry import InfrastructureFailure, InfrastructureRetry

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


class Retries(TypedDict):
    """What the options say."""

    infrastructure_retries: int | None
    infrastructure_retry_delay: float | None
    infrastructure_retry_backoff: float | None
    infrastructure_retry_longest_delay: float | None
    infrastructure_retry_causes: tuple[str, ...]


def retry_options(command: CommandT) -> CommandT:
    """Give a command the options of `Retries`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def retry_from(said: Retries) -> InfrastructureRetry | None:
    """The policy that the options mean; None without one, a usage error for half of one."""
    details = {
        "delay_seconds": said["infrastructure_retry_delay"],
        "backoff_factor": said["infrastructure_retry_backoff"],
        "longest_delay_seconds": said["infrastructure_retry_longest_delay"],
        "causes": list(said["infrastructure_retry_causes"]) or None,
    }
    given = {name: value for name, value in details.items() if value is not None}
    retries = said["infrastructure_retries"]
    if retries is None:
        if given:
            raise click.UsageError(
                "--infrastructure-retry-... goes with --infrastructure-retries: a policy is changed"
                " as a whole."
            )
        return None
    try:
        return InfrastructureRetry.model_validate({"max_retries": retries, **given})
    except ValueError as error:
        raise click.UsageError(f"{reason_of(error)}.") from error


_OPTIONS: Final = (
    click.option(
        "--infrastructure-retries",
        type=click.IntRange(0, 100),
        help="How often a run is dispatched anew when its infrastructure fails.",
    ),
    click.option(
        "--infrastructure-retry-delay",
        type=click.FloatRange(0),
        metavar="SECONDS",
        help="Before the first of them, by default 10.",
    ),
    click.option(
        "--infrastructure-retry-backoff",
        type=click.FloatRange(1, 10),
        metavar="FACTOR",
        help="How the delay grows with each, by default 2.",
    ),
    click.option(
        "--infrastructure-retry-longest-delay",
        type=click.FloatRange(0),
        metavar="SECONDS",
        help="However many there were, by default 600.",
    ),
    click.option(
        "--infrastructure-retry-cause",
        "infrastructure_retry_causes",
        type=click.Choice([cause.value for cause in InfrastructureFailure]),
        multiple=True,
        help="A failure that is worth it, by default each. Repeatable.",
    ),
)
