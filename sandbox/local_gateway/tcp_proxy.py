"""A TCP proxy in front of a server: closed, reopened, pointed at another, turned into a black hole, and with TLS."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

_CHUNK = 64 * 1024


class TcpProxy:
    """`async with TcpProxy(behind) as proxy`: connections to `proxy.port` of 127.0.0.1 are forwarded to `behind`."""

    def __init__(self, behind: int) -> None:
        self.port = 0
        self.behind = behind
        self._passing: set[asyncio.Task[None]] = set()
        self.flowing = asyncio.Event()  # while it is not set, all that arrives is kept, and nobody is told
        self.flowing.set()
        self.delay = 0.0  # seconds by which all that arrives is late, as from far away

    async def open(self, tls: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cuts open connections and refuses new ones."""
        self._server.close()
        for each in self._passing:
            each.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passing = asyncio.create_task(self._pass_on(reader, writer))
        self._passing.add(passing)
        passing.add_done_callback(self._passing.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until one end closes; the other is told what was still on its way. A cut drops it."""
        with _aborted(writer), suppress(ConnectionError):
            behind, to_behind = await asyncio.open_connection("127.0.0.1", self.behind)
            with _aborted(to_behind):
                ways = [asyncio.create_task(self._copy(*way)) for way in ((reader, to_behind), (behind, writer))]
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()
                for end in (writer, to_behind):
                    end.close()
                    await end.wait_closed()

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while chunk := await source.read(_CHUNK):
                await self.flowing.wait()
                await asyncio.sleep(self.delay)
                target.write(chunk)
                await target.drain()


@contextmanager
def _aborted(end: asyncio.StreamWriter) -> Iterator[None]:
    """However the block ends, the connection does not outlive it."""
    try:
        yield
    finally:
        end.transport.abort()
