"""`windlass transfer`: copy what one server has to another."""

import sys
from collections import Counter
from typing import Final

import click

from windlass.cli.asking import confirm
from windlass.cli.console import fail, print_rows, say
from windlass.client.orchestration import SyncWindlassClient, sync_client_for
from windlass.settings import current_profiles, setting_named, use_profile

_URL: Final = "WINDLASS_API_URL"


@click.command()
@click.option("--from", "source", metavar="PROFILE", required=True, help="Where to copy from.")
@click.option("--to", "target", metavar="PROFILE", required=True, help="Where to copy to.")
def transfer(source: str, target: str) -> None:
    """Copy what one server has to another.

    Flows, deployments, work pools, blocks, variables, limits and automations are copied. What is
    there already is left as it is, so it can be done again. Runs, logs, artifacts and
    blocks with secrets are not copied. Exits with 1 where something failed.
    """
    # The shapes of everything take a while to import, and help does not need them.
    from windlass.cli.transferring import KINDS, Outcome, Servers  # noqa: PLC0415
    from windlass.cli.transferring import transfer as transferred  # noqa: PLC0415

    with _client_of(source) as here, _client_of(target) as there:
        if here.api_url == there.api_url:
            fail(f"Profiles {source!r} and {target!r} are of the same server: {here.api_url}.")
        confirm(f"Copy from {here.api_url} to {there.api_url}?")
        moved = list(transferred(Servers(here, there)))
    counts = Counter((one.kind, one.outcome) for one in moved)
    rows = [
        [kind, *(str(counts[kind, outcome] or "-") for outcome in Outcome)]
        for kind in KINDS
        if any(counts[kind, outcome] for outcome in Outcome)
    ]
    print_rows(f"From {source!r} to {target!r}", ["", "Copied", "Skipped", "Failed"], rows)
    for one in moved:
        if one.reason is not None:
            say(f"{one.outcome.capitalize()}: {one.name} ({one.kind}): {one.reason.rstrip('.')}.")
    total = Counter(one.outcome for one in moved)
    say(
        f"{total[Outcome.COPIED]} succeeded, {total[Outcome.SKIPPED]} skipped,"
        f" {total[Outcome.FAILED]} failed."
    )
    if total[Outcome.FAILED]:
        sys.exit(1)


def _client_of(profile: str) -> SyncWindlassClient:
    """A client of the server that a profile names, whatever the environment says."""
    if not current_profiles()[0][profile].settings.keys() & set(setting_named(_URL).names):
        fail(
            f"Profile {profile!r} names no server.",
            hint=f"Name it with `windlass --profile {profile} config set {_URL}=http://...`.",
        )
    with use_profile(profile, override_environment_variables=True) as settings:
        return sync_client_for(settings.api.url or "", settings)
