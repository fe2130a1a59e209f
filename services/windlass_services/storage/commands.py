"""`windlass server database`: the command line's way to the schema of the database."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from typing import Final

from windlass.exceptions import WindlassError
from windlass.settings import get_current_settings
from windlass_services.storage import schema
from windlass_services.storage.addresses import SqliteAddress, parse_database_url


def main(arguments: Sequence[str] | None = None) -> int:
    """Do to the database of the settings what the arguments say; returns the exit code."""
    options = _parser().parse_args(arguments)
    url = get_current_settings().server.database.connection_url
    try:
        said = asyncio.run(_done(options, url))
    except WindlassError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{said}\n")
    return 0


async def _done(options: argparse.Namespace, url: str) -> str:
    """Do it, and say what was done; of a dry run, the SQL."""
    where = _shown(url)
    match options.command:
        case "reset":
            await schema.reset(url)
            return f"Emptied the database {where}."
        case "upgrade":
            sql = await schema.upgrade(url, options.revision, dry_run=options.dry_run)
        case "downgrade":
            sql = await schema.downgrade(url, options.revision, dry_run=options.dry_run)
        case "stamp":
            await schema.stamp(url, options.revision)
            sql = None
        case _:
            path = await schema.new_revision(
                options.message, database_url=url, autogenerate=options.autogenerate
            )
            return f"Wrote {path}."
    if sql is not None:
        return sql or "-- Nothing to do."
    return f"The database {where} is at {await schema.current(url) or 'no revision'}."


def _shown(url: str) -> str:
    address = parse_database_url(url)
    return str(address.path) if isinstance(address, SqliteAddress) else address.shown


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_PROGRAM, description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("reset")
    for name, default in (("upgrade", "head"), ("downgrade", "-1")):
        migrate = commands.add_parser(name)
        migrate.add_argument("--revision", default=default)
        migrate.add_argument("--dry-run", action="store_true")
    commands.add_parser("stamp").add_argument("revision")
    write = commands.add_parser("revision")
    write.add_argument("--message", required=True)
    write.add_argument("--autogenerate", action="store_true")
    return parser


_PROGRAM: Final = "python -m windlass_services.storage.commands"

if __name__ == "__main__":
    raise SystemExit(main())
