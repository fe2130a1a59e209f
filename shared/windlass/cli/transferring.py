"""From one server to another: what is copied, in which order, and what became of each."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

from pydantic import BaseModel

from windlass.cli.deployments import all_deployments
from windlass.cli.display import flow_names
from windlass.cli.paging import every
from windlass.client.orchestration import SyncWindlassClient
from windlass.exceptions import ObjectNotFound, WindlassError
from windlass.schemas.automations import AutomationCore
from windlass.schemas.block_fields import block_schema_checksum
from windlass.schemas.blocks import (
    BlockDocument,
    BlockDocumentCreate,
    BlockSchema,
    BlockSchemaCreate,
    BlockTypeCreate,
)
from windlass.schemas.concurrency_limits import ConcurrencyLimitV2Create
from windlass.schemas.deployments import DeploymentCreate
from windlass.schemas.filters.automations import AutomationQuery
from windlass.schemas.filters.blocks import (
    BlockDocumentQuery,
    BlockSchemaQuery,
    BlockTypeQuery,
)
from windlass.schemas.filters.queries import FlowQuery
from windlass.schemas.filters.variables import VariableQuery
from windlass.schemas.filters.work_pools import WorkPoolQuery
from windlass.schemas.filters.work_queues import WorkQueueQuery
from windlass.schemas.flows import FlowUpdate
from windlass.schemas.variables import VariableCreate
from windlass.schemas.work_pools import WorkPool, WorkPoolCreate
from windlass.schemas.work_queues import WorkQueue, WorkQueueCreate, WorkQueueUpdate

ModelT = TypeVar("ModelT", bound=BaseModel)

_HIDDEN: Final = "********"
_OF_A_DEPLOYMENT: Final = "deployment:"
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_REFERENCE: Final = re.compile(rf'(?:_id":\s*"|"prefect\.[a-z-]+\.)({_UUID.pattern})"')
"""An id of something, or a resource that is one thing, in the JSON of an automation."""


class Outcome(StrEnum):
    """What became of one thing."""

    COPIED = "copied"
    SKIPPED = "skipped"
    """It is there already, or cannot be anywhere else."""
    FAILED = "failed"


class Moved(NamedTuple):
    """One thing, and what became of it; the reason, where it is not plain."""

    kind: str
    name: str
    outcome: Outcome
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of the source."""

    name: str
    id: UUID
    find: Callable[[], UUID | None]
    """Its id in the target; None or ObjectNotFound where it is not there."""
    make: Callable[[], UUID]
    refusal: str | None = None
    """Why it stays where it is."""


@dataclass(frozen=True, slots=True)
class Servers:
    """The two sides, and the ids in the target by those in the source."""

    source: SyncWindlassClient
    target: SyncWindlassClient
    ids: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    new: set[UUID] = field(default_factory=set[UUID])
    """What was copied, by its id in the source."""

    def copied(self, model: type[ModelT], original: BaseModel, **changes: Any) -> ModelT:
        """What makes the original in the target, with the ids that things have there."""
        # What is not set is not sent: a stock server refuses fields that it does not know.
        wanted = original.model_dump_json(include=set(model.model_fields), exclude_none=True)
        text = _UUID.sub(lambda found: str(self.ids.get(UUID(found[0]), found[0])), wanted)
        return model.model_validate(json.loads(text) | changes)


def transfer(servers: Servers) -> Iterator[Moved]:
    """Copy everything, what others refer to first, and tell what became of each."""
    for kind, items in KINDS.items():
        for item in items(servers):
            yield _moved(servers, kind, item)


def _moved(servers: Servers, kind: str, item: Item) -> Moved:
    if item.refusal is not None:
        return Moved(kind, item.name, Outcome.SKIPPED, item.refusal)
    try:
        there = _found(item)
        if there is not None:
            servers.ids[item.id] = there
            return Moved(kind, item.name, Outcome.SKIPPED)
        servers.ids[item.id] = item.make()
    except (WindlassError, ValueError) as error:
        return Moved(kind, item.name, Outcome.FAILED, str(error))
    servers.new.add(item.id)
    return Moved(kind, item.name, Outcome.COPIED)


def _found(item: Item) -> UUID | None:
    try:
        return item.find()
    except ObjectNotFound:
        return None


def _block_types(on: Servers) -> Iterator[Item]:
    query = BlockTypeQuery()
    for one in every(lambda at, size: on.source.read_block_types(_window(query, at, size))):
        yield Item(
            one.slug,
            one.id,
            lambda one=one: on.target.read_block_type_by_slug(one.slug).id,
            lambda one=one: on.target.create_block_type(on.copied(BlockTypeCreate, one)).id,
        )


def _block_schemas(on: Servers) -> Iterator[Item]:
    def find(one: BlockSchema) -> UUID:
        read = on.target.read_block_schema_by_checksum
        with suppress(ObjectNotFound):
            return read(one.checksum, one.version).id
        # A server may know old schemas by another checksum than their fields have now.
        return read(block_schema_checksum(one.fields), one.version).id

    query = BlockSchemaQuery()
    for one in every(lambda at, size: on.source.read_block_schemas(_window(query, at, size))):
        yield Item(
            f"{one.block_type.slug if one.block_type else '?'} {one.checksum[:15]}",
            one.id,
            lambda one=one: find(one),
            lambda one=one: on.target.create_block_schema(on.copied(BlockSchemaCreate, one)).id,
        )


def _block_documents(on: Servers) -> Iterator[Item]:
    query = BlockDocumentQuery(include_secrets=False)
    found = every(lambda at, size: on.source.read_block_documents(_window(query, at, size)))
    for one in _referred_to_first(found):
        slug, name = one.block_type.slug if one.block_type else "?", one.name or ""
        has_secrets = _HIDDEN in json.dumps(one.data)
        yield Item(
            f"{slug}/{name}",
            one.id,
            lambda name=name, slug=slug: (
                on.target.read_block_document_by_name(name, slug, include_secrets=False).id
            ),
            lambda one=one: (
                on.target.create_block_document(
                    on.copied(BlockDocumentCreate, one, data=_data(on, one)), include_secrets=False
                ).id
            ),
            "it has secrets: make it there by hand" if has_secrets else None,
        )


def _data(on: Servers, document: BlockDocument) -> dict[str, Any]:
    """The values of a block, with references in place of those that come from other blocks."""
    references = {
        name: {"$ref": {"block_document_id": str(on.ids[id])}}
        for name, id in _references(document).items()
    }
    return {**document.data, **references}


def _references(document: BlockDocument) -> dict[str, UUID]:
    return {
        name: UUID(str(reference["block_document"]["id"]))
        for name, reference in document.block_document_references.items()
    }


def _referred_to_first(documents: Iterable[BlockDocument]) -> Iterator[BlockDocument]:
    left = {document.id: document for document in documents}

    def with_what_it_needs(id: UUID) -> Iterator[BlockDocument]:
        if (document := left.pop(id, None)) is not None:
            for other in _references(document).values():
                yield from with_what_it_needs(other)
            yield document

    for id in [*left]:
        yield from with_what_it_needs(id)


def _variables(on: Servers) -> Iterator[Item]:
    def find(name: str) -> UUID | None:
        there = on.target.read_variable_by_name(name)
        return there.id if there else None

    query = VariableQuery()
    for one in every(lambda at, size: on.source.read_variables(_window(query, at, size))):
        yield Item(
            one.name,
            one.id,
            lambda one=one: find(one.name),
            lambda one=one: on.target.create_variable(on.copied(VariableCreate, one)).id,
        )


def _limits(on: Servers) -> Iterator[Item]:
    for one in every(lambda at, size: on.source.read_global_concurrency_limits(size, at)):
        if one.name.startswith(_OF_A_DEPLOYMENT):
            continue  # the deployment brings it along
        yield Item(
            one.name,
            one.id,
            lambda one=one: on.target.read_global_concurrency_limit_by_name(one.name).id,
            lambda one=one: on.target.create_global_concurrency_limit(
                on.copied(ConcurrencyLimitV2Create, one, active_slots=0)
            ),
        )


def _work_pools(on: Servers) -> Iterator[Item]:
    query = WorkPoolQuery()
    for one in every(lambda at, size: on.source.read_work_pools(_window(query, at, size))):
        is_elsewhere = one.type.endswith((":push", ":managed"))
        yield Item(
            one.name,
            one.id,
            lambda one=one: on.target.read_work_pool(one.name).id,
            lambda one=one: on.target.create_work_pool(on.copied(WorkPoolCreate, one)).id,
            f"pools of type {one.type!r} are of Prefect Cloud alone" if is_elsewhere else None,
        )


def _work_queues(on: Servers) -> Iterator[Item]:
    query = WorkPoolQuery()
    for pool in every(lambda at, size: on.source.read_work_pools(_window(query, at, size))):
        if pool.id in on.ids:
            yield from _queues_of(on, pool)


def _queues_of(on: Servers, pool: WorkPool) -> Iterator[Item]:
    def find(name: str) -> UUID:
        return on.target.read_work_queue_by_name(pool.name, name).id

    def make(one: WorkQueue) -> UUID:
        return on.target.create_work_queue(pool.name, on.copied(WorkQueueCreate, one)).id

    def change(one: WorkQueue) -> UUID:
        id = find(one.name)
        on.target.update_work_queue(id, on.copied(WorkQueueUpdate, one))
        return id

    query = WorkQueueQuery()
    for one in every(
        lambda at, size: on.source.read_work_queues(pool.name, _window(query, at, size))
    ):
        # A pool that was made just now has a queue from the start.
        is_changed = pool.id in on.new and one.id == pool.default_queue_id
        yield Item(
            f"{pool.name}/{one.name}",
            one.id,
            lambda one=one, is_changed=is_changed: None if is_changed else find(one.name),
            lambda one=one, act=change if is_changed else make: act(one),
        )


def _flows(on: Servers) -> Iterator[Item]:
    def make(name: str, tags: list[str]) -> UUID:
        id = on.target.create_flow_from_name(name)
        if tags:
            on.target.update_flow(id, FlowUpdate(tags=tags))
        return id

    query = FlowQuery()
    for one in every(lambda at, size: on.source.read_flows(_window(query, at, size))):
        yield Item(
            one.name,
            one.id,
            lambda one=one: on.target.read_flow_by_name(one.name).id,
            lambda one=one: make(one.name, one.tags),
        )


def _deployments(on: Servers) -> Iterator[Item]:
    found = all_deployments(on.source)
    flows = flow_names(on.source, (one.flow_id for one in found))
    for one in found:
        name = f"{flows[one.flow_id]}/{one.name}"
        limit = one.global_concurrency_limit
        yield Item(
            name,
            one.id,
            lambda name=name: on.target.read_deployment_by_name(name).id,
            lambda one=one, limit=limit: (
                on.target.create_deployment(
                    on.copied(
                        DeploymentCreate, one, concurrency_limit=limit.limit if limit else None
                    )
                ).id
            ),
        )


def _automations(on: Servers) -> Iterator[Item]:
    def find(name: str) -> UUID | None:
        there = on.target.read_automations_by_name(name)
        return there[0].id if there else None

    def make(one: BaseModel) -> UUID:
        referred = _REFERENCE.findall(one.model_dump_json())
        if unknown := {id for id in referred if UUID(id) not in on.ids}:
            raise ValueError(f"it refers to what was not copied: {', '.join(sorted(unknown))}")
        return on.target.create_automation(on.copied(AutomationCore, one))

    query = AutomationQuery()
    for one in every(lambda at, size: on.source.read_automations(_window(query, at, size))):
        yield Item(one.name, one.id, lambda one=one: find(one.name), lambda one=one: make(one))


def _window(query: ModelT, offset: int, limit: int | None) -> ModelT:
    return query.model_copy(update={"offset": offset, "limit": limit})


KINDS: Final[dict[str, Callable[[Servers], Iterator[Item]]]] = {
    "block types": _block_types,
    "block schemas": _block_schemas,
    "blocks": _block_documents,
    "variables": _variables,
    "global concurrency limits": _limits,
    "work pools": _work_pools,
    "work queues": _work_queues,
    "flows": _flows,
    "deployments": _deployments,
    "automations": _automations,
}
"""What is copied, in the order in which things refer to each other."""
