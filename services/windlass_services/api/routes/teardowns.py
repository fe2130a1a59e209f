"""Teardowns: infrastructure of executions that are over, for workers of the pool to end."""

from starlette.responses import Response

from windlass.schemas.teardowns import TeardownsTaken, TeardownsToTake, TornDown
from windlass_services.api.answers import answer
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Routes
from windlass_services.storage import teardowns
from windlass_services.storage.work_pools import read_work_pool

router = Routes(tags=["Executions"])


@router.post("/work_pools/{name}/teardowns/take", response_model=TeardownsTaken)
async def take_teardowns(
    context: InContext, scope: InScope, name: str, asked: TeardownsToTake
) -> Response:
    """Take infrastructure to end. Who does not answer within two minutes has tried in vain."""
    async with context.database.write() as connection:
        pool = await read_work_pool(connection, scope, name)
        taken = await teardowns.take_teardowns(
            connection, scope, pool.id, asked, now=context.clock()
        )
    return answer(TeardownsTaken(teardowns=taken))


@router.post("/executions/torn_down", status_code=204)
async def report_torn_down(context: InContext, scope: InScope, said: TornDown) -> None:
    """What became of a teardown that a worker took."""
    async with context.database.write() as connection:
        await teardowns.settle_teardown(connection, scope, said, now=context.clock())
