"""With half a million rows in PostgreSQL, what clients ask stops on an index."""

import tomllib
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.scale.filling import fill
from tests.scale.plans import Costs, plans_of, read_costs
from tests.scale.questions import LISTINGS, Question, criteria, filter_of, questions, unfiltered
from tests.scale.recordings import recorded_questions
from tests.scale.values import Known, values_of
from windlass_services.storage.addresses import PostgresAddress, parse_database_url
from windlass_services.storage.postgres import postgres_engine

NOW = datetime.now(UTC)
EXCEPTIONS = tomllib.loads(Path(__file__).with_name("exceptions.toml").read_text("utf-8"))


@pytest.fixture
async def filled(fresh_postgres_url: str) -> AsyncGenerator[AsyncConnection]:
    """A connection to a database with half a million rows in each of the big tables."""
    await fill(fresh_postgres_url, NOW)
    address = parse_database_url(fresh_postgres_url)
    assert isinstance(address, PostgresAddress)
    minute = timedelta(minutes=1)
    engine = postgres_engine(address, minute, minute)
    async with engine.connect() as connection:
        # Workers would share the rows that a plan is expected to read, and so hide them.
        await connection.execute(sa.text("SET max_parallel_workers_per_gather = 0"))
        yield connection
    await engine.dispose()


def everything() -> Iterator[Question]:
    """All there is to ask: by single criteria, by none, and as stock clients were heard asking."""
    values = values_of(Known(NOW))
    for name, listing in LISTINGS.items():
        yield from unfiltered(name, listing, NOW)
        yield from questions(name, listing, values[filter_of(name)], NOW)
    yield from recorded_questions(Known(NOW), NOW)


# One test, since the database takes half a minute to fill, and a worker of the suite fills its own.
@pytest.mark.timeout(900)
async def test_every_question_stops_on_an_index(filled: AsyncConnection) -> None:
    costs = await read_costs(filled)
    await require_that_a_missing_index_is_seen(filled, costs)
    found: dict[str, dict[str, list[str]]] = {"lists": defaultdict(list), "counts": {}}
    for question in everything():
        faults = await faults_of(filled, question, costs)
        if faults:
            kind = found["counts" if question.sort is None else "lists"]
            kind.setdefault(question.name, []).append(
                f"{question.value} by {question.sort}: {'; '.join(faults)}"
            )
    unexpected = {
        f"{name} ({kind})": said
        for kind, named in found.items()
        for name, said in named.items()
        if name not in EXCEPTIONS[kind]
    }
    assert unexpected == {}
    needless = {kind: [*named] for kind, named in EXCEPTIONS.items()}
    assert needless == {
        kind: [name for name in named if name in found[kind]] for kind, named in needless.items()
    }, "an exception is no longer needed"


def test_every_criterion_has_values() -> None:
    values = values_of(Known(NOW))
    asked = {name: set(criteria(listing.shape)) for name, listing in LISTINGS.items()}
    assert {name: set(values[filter_of(name)]) for name in LISTINGS} == asked


async def faults_of(connection: AsyncConnection, question: Question, costs: Costs) -> list[str]:
    """What keeps a question from stopping."""
    plans = await plans_of(connection, question)
    return [fault for plan in plans for fault in plan.faults(costs, is_count=question.sort is None)]


async def require_that_a_missing_index_is_seen(connection: AsyncConnection, costs: Costs) -> None:
    """A test that cannot fail says nothing: without its index, an order is a sort of all runs."""
    listing = unfiltered("flow_runs", LISTINGS["flow_runs"], NOW)
    by_start = next(question for question in listing if question.sort == "START_TIME_DESC")
    assert await faults_of(connection, by_start, costs) == []
    await connection.commit()
    await connection.execute(sa.text("DROP INDEX ix_flow_run__began"))
    assert await faults_of(connection, by_start, costs) != []
    await connection.rollback()
