"""A program that speaks TLS for a server that cannot.

Who does not speak TLS is let through as well, since the server's own kind comes to the same port
and cannot either. So the server has a password: the tunnel says it for those who speak TLS, and
who does not has to know it.
"""

import asyncio
import socket
import ssl
import sys
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Final

_HOST: Final = "127.0.0.1"
_HANDSHAKE: Final = b"\x16"
_CHUNK: Final = 65_536


@dataclass(frozen=True, slots=True)
class Tunnel:
    """From a port that everybody knows to the one of the server."""

    port: int
    server: int
    password: str
    tls: ssl.SSLContext

    async def serve(self) -> None:
        """Pass on what comes and what is answered, until the process ends."""
        loop = asyncio.get_running_loop()
        with socket.create_server((_HOST, self.port)) as listener:
            listener.setblocking(False)
            async with asyncio.TaskGroup() as tasks:
                while True:
                    client, _ = await loop.sock_accept(listener)
                    tasks.create_task(self._pass(client))

    async def _pass(self, client: socket.socket) -> None:
        """Hangs up on the client when the server is not there, and when it hangs up."""
        with suppress(OSError, EOFError), client:
            tls = self.tls if await _first_byte(client) == _HANDSHAKE else None
            answers, questions = await asyncio.open_connection(_HOST, self.server)
            with closing(questions):
                if tls:
                    # Before the handshake: a server that does not answer does not shake hands.
                    questions.write(f"AUTH {self.password}\r\n".encode())
                    await answers.readuntil(b"+OK\r\n")
                asked, answered = await _streams(client, tls)
                await asyncio.gather(_copy(asked, questions), _copy(answers, answered))
                await answered.wait_closed()


async def _first_byte(client: socket.socket) -> bytes:
    """What the client begins with; whoever reads from it next reads it again."""
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(client, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(client)
    return client.recv(1, socket.MSG_PEEK)


async def _streams(
    client: socket.socket, tls: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, client, ssl=tls)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with closing(sink), suppress(OSError):
        while said := await source.read(_CHUNK):
            sink.write(said)
            await sink.drain()


def main() -> None:
    """Arguments: the port, the port of the server, its password, a certificate and its key."""
    port, server, password, certificate, key = sys.argv[1:]
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    asyncio.run(Tunnel(int(port), int(server), password, tls).serve())


if __name__ == "__main__":
    main()
