"""`windlass server dead-letters`: what was set aside, looked at and tried again."""

import click

from windlass.cli.console import fail, output_option, print_json, print_rows, say
from windlass.cli.moments import tell_moment
from windlass.client.orchestration import get_client
from windlass.clock import utc_now
from windlass.schemas.dead_letters import DeadLetter

topic_option = click.option("--topic", help="Of this topic only.")


@click.group("dead-letters")
def dead_letters() -> None:
    """Look at messages that nobody could handle, and at infrastructure that nobody could end."""


@dead_letters.command()
@topic_option
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most."
)
@output_option
def ls(topic: str | None, limit: int, output: str | None) -> None:
    """List what was set aside, and why, newest first. Of teardowns, the ID is the execution's."""
    with get_client(sync_client=True) as client:
        found = client.read_dead_letters(topic, limit)
    if output:
        print_json(found)
        return
    print_rows("Dead letters", ("ID", "Topic", "Key", "Since", "Reason"), map(_cells, found))


@dead_letters.command()
@topic_option
@click.option("--all", "every", is_flag=True, help="All that there are now.")
@click.argument("ids", nargs=-1, metavar="[ID]...")
def redrive(topic: str | None, every: bool, ids: tuple[str, ...]) -> None:
    """Try it again, when the reason is gone. What fails again comes back."""
    if every == bool(ids):
        raise click.UsageError("Say either which ones by their ids, or --all.")
    with get_client(sync_client=True) as client:
        redriven = client.redrive_dead_letters(None if every else ids, topic)
    if not redriven and not every:
        fail(
            "There is no dead letter with such an id.",
            hint="`windlass server dead-letters ls` lists them.",
        )
    say(f"Sent {redriven} dead letters again.")


def _cells(letter: DeadLetter) -> list[str]:
    since = tell_moment(letter.at, utc_now())
    return [letter.id, letter.topic, letter.key, since, letter.reason]
