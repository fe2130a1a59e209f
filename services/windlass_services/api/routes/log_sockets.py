"""Logs over a websocket, as they arrive."""

from starlette.websockets import WebSocket

from windlass.schemas.filters.logs import LogFilter
from windlass_services.api.context import ApiContext
from windlass_services.api.declaring import Routes
from windlass_services.api.live_logs import channels_of, logs_in
from windlass_services.api.sockets import accept_subscriber, until_gone

router = Routes(tags=["Logs"])


@router.websocket("/logs/out")
async def stream_logs_out(socket: WebSocket) -> None:
    """After the handshake: what matches from now on. What was before is to be listed."""
    context: ApiContext = socket.app.state.context
    asked = await accept_subscriber(socket, LogFilter)
    if asked is None:
        return
    async with context.streams.listen(channels_of(asked)) as live, until_gone(socket):
        async for announcement in live:
            for log in logs_in(announcement, asked):
                await socket.send_text(f'{{"type":"log","log":{log.model_dump_json()}}}')
