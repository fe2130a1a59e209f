"""`windlass artifact`: what runs made for people to look at."""

from uuid import UUID

import click

from windlass.cli.asking import confirm
from windlass.cli.console import fail, output_option, print_details, print_json, print_rows, say
from windlass.cli.moments import tell_moment
from windlass.cli.paging import every, first
from windlass.client.orchestration import SyncWindlassClient, get_client
from windlass.clock import utc_now
from windlass.schemas.artifacts import Artifact, ArtifactCollection
from windlass.schemas.filters.artifacts import (
    ArtifactCollectionQuery,
    ArtifactFilter,
    ArtifactFilterKey,
    ArtifactQuery,
)
from windlass.schemas.filters.sorting import ArtifactCollectionSort, ArtifactSort


@click.group()
def artifact() -> None:
    """Inspect and delete artifacts."""


@artifact.command()
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@click.option(
    "--all", "-a", "every_version", is_flag=True, help="Every version, not the latest of each key."
)
@output_option
def ls(limit: int, every_version: bool, output: str | None) -> None:
    """List the latest artifact of each key."""
    with get_client(sync_client=True) as client:
        read = _versions if every_version else _latest
        found = first(limit, lambda offset, size: read(client, offset, size))
    if output:
        print_json(found)
        return
    now = utc_now()
    rows = (
        (
            str(one.latest_id if isinstance(one, ArtifactCollection) else one.id),
            one.key,
            one.type,
            tell_moment(one.updated, now),
        )
        for one in found
    )
    print_rows("Artifacts", ("ID", "Key", "Type", "Updated"), rows)


@artifact.command()
@click.argument("key")
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True)
@output_option
def inspect(key: str, limit: int, output: str | None) -> None:
    """Show the versions of an artifact, the newest first."""
    with get_client(sync_client=True) as client:
        found = first(limit, lambda offset, size: _of_key(client, key, offset, size))
    if not found:
        _missing(key)
    if output:
        print_json(found)
        return
    for number, version in enumerate(found):
        if number:
            say("")
        print_details(version)


@artifact.command()
@click.argument("key", required=False)
@click.option("--id", type=click.UUID, help="Delete this one artifact.")
def delete(key: str | None, id: UUID | None) -> None:
    """Delete every version of an artifact, or one artifact by its id."""
    if (key is None) == (id is None):
        raise click.UsageError("Name either a key or an --id.")
    with get_client(sync_client=True) as client:
        if key is None:
            one = client.read_artifact(UUID(str(id)))
            confirm(f"Delete the artifact {one.id}?")
            client.delete_artifact(one.id)
            say(f"Deleted the artifact {one.id}.")
            return
        found = list(every(lambda offset, size: _of_key(client, key, offset, size)))
        if not found:
            _missing(key)
        confirm(f"Delete {len(found)} artifact(s) with the key {key!r}?")
        for version in reversed(found):
            client.delete_artifact(version.id)
    say(f"Deleted {len(found)} artifact(s) with the key {key!r}.")


def _latest(
    client: SyncWindlassClient, offset: int, limit: int | None
) -> list[Artifact | ArtifactCollection]:
    by_key = ArtifactCollectionSort.KEY_ASC
    query = ArtifactCollectionQuery(sort=by_key, offset=offset, limit=limit)
    return [*client.read_latest_artifacts(query)]


def _versions(
    client: SyncWindlassClient, offset: int, limit: int | None
) -> list[Artifact | ArtifactCollection]:
    by_key = ArtifactSort.KEY_ASC
    query = ArtifactQuery(sort=by_key, offset=offset, limit=limit)
    return [*client.read_artifacts(query)]


def _of_key(client: SyncWindlassClient, key: str, offset: int, limit: int | None) -> list[Artifact]:
    asked = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
    newest = ArtifactSort.CREATED_DESC
    query = ArtifactQuery(artifacts=asked, sort=newest, offset=offset, limit=limit)
    return client.read_artifacts(query)


def _missing(key: str) -> None:
    fail(
        f"There is no artifact with the key {key!r}.",
        hint="`windlass artifact ls` lists the keys; for one without a key, say its --id.",
    )
