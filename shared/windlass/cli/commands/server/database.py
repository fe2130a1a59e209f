"""`windlass server database`: the schema of the server's database."""

import click

from windlass.cli.asking import confirm, insist
from windlass.cli.rooms import DATABASE, enter

yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Print the SQL, change nothing.")


@click.group()
def database() -> None:
    """Make, migrate and empty the database of the server."""


@database.command()
@yes_option
def reset(yes: bool) -> int:
    """Drop every table with all its rows, and make them anew."""
    insist("Delete everything in the database?", yes=yes)
    return enter(DATABASE)(["reset"])


@database.command()
@yes_option
@click.option("-r", "--revision", default="head", show_default=True, help="Where to migrate to.")
@dry_run_option
def upgrade(yes: bool, revision: str, dry_run: bool) -> int:
    """Bring the schema up to date."""
    if not dry_run:
        confirm(f"Upgrade the database to {revision}?", yes=yes)
    return enter(DATABASE)(["upgrade", "--revision", revision, *_dry(dry_run)])


@database.command()
@yes_option
@click.option(
    "-r",
    "--revision",
    default="-1",
    show_default=True,
    help="Where to go back to; `base` takes everything away.",
)
@dry_run_option
def downgrade(yes: bool, revision: str, dry_run: bool) -> int:
    """Take the schema back to an earlier revision, with what only later ones hold."""
    if not dry_run:
        insist(f"Downgrade the database to {revision}?", yes=yes)
    return enter(DATABASE)(["downgrade", f"--revision={revision}", *_dry(dry_run)])


@database.command()
@click.option("-m", "--message", required=True, help="What the migration does, in a few words.")
@click.option("--autogenerate", is_flag=True, help="Write what the tables in the code ask for.")
def revision(message: str, autogenerate: bool) -> int:
    """Write a new migration."""
    flags = ["--autogenerate"] if autogenerate else []
    return enter(DATABASE)(["revision", "--message", message, *flags])


@database.command()
@click.argument("revision")
def stamp(revision: str) -> int:
    """Say that the database is at a revision, without migrating."""
    return enter(DATABASE)(["stamp", revision])


def _dry(dry_run: bool) -> list[str]:
    return ["--dry-run"] if dry_run else []
