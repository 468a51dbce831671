"""Connections that limit framing: endless framing would keep a core busy and deliver nothing.

A host can send interim answers (such as 103) endlessly, or chunks of one byte, or one byte at a time. The cost of
reading grows with what is on the wire, but only the body is useful; so the two are compared.
"""

import asyncio
from functools import partial
from typing import Any

from aiohttp import ClientPayloadError, StreamReader, TCPConnector
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage

MAX_HEADER = 64 * 1024  # bytes; aiohttp's default of 8 KiB is less than some content security policies need
_FREE = 256 * 1024  # bytes on the wire, in addition to three per byte of the body
_FRAMING = 3
_FREE_PIECES = 4_000  # pieces from the network, in addition to one per 64 bytes of the body
_PIECE = 64  # bytes
_INTERIM = 32  # interim answers before the final one; a host needs one or two
_HEAD_PIECE = 2_048  # bytes that are parsed at once before the final answer: aiohttp parses all interim answers in them
_SWITCHING = 101  # the one interim answer that nothing else follows
_FINAL = 200


class Connector(TCPConnector):
    """Like aiohttp's. Raises ClientPayloadError where it cuts off framing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory = partial(_accounted, asyncio.get_running_loop())


class _Accounted(ResponseHandler):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._on_the_wire = self._pieces = self._interim = 0
        self._has_begun = False

    def set_response_params(self, *args: Any, **options: Any) -> None:
        """Resets the counters for each request."""
        self._on_the_wire = self._pieces = self._interim = 0
        self._has_begun = False
        super().set_response_params(*args, **options)

    def data_received(self, data: bytes) -> None:
        self._on_the_wire += len(data)
        self._pieces += bool(data)  # empty data continues what came before
        start = 0
        while not self._has_begun and len(data) - start > _HEAD_PIECE:
            super().data_received(data[start : start + _HEAD_PIECE])
            start += _HEAD_PIECE
            if self._interim > _INTERIM:
                self._cut_off()
                return
        super().data_received(data[start:])
        body = 0 if self._payload is None else self._payload.total_bytes
        framing = self._on_the_wire > _FREE + _FRAMING * body or self._pieces > _FREE_PIECES + body // _PIECE
        if framing or self._interim > _INTERIM:
            self._cut_off()

    def resume_reading(self, *args: Any, **options: Any) -> None:
        """Prevents a wrong time-out.

        If a paused answer turns out to be complete, aiohttp (3.14.5) returns the connection to the pool, but starts its
        read time-out anyway: the next request on it would time out at once.
        """
        before = self._read_timeout_handle
        super().resume_reading(*args, **options)
        if self._read_timeout_handle is not before and (self._payload is None or self._payload.is_eof()):
            self._drop_timeout()

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """The head of an answer was parsed."""
        final = data[0].code >= _FINAL or data[0].code == _SWITCHING
        self._has_begun |= final
        self._interim += not final
        super().feed_data(data, size)

    def _cut_off(self) -> None:
        error = ClientPayloadError("more framing than body")
        if self._payload is not None and not self._payload.is_eof():
            self._payload.set_exception(error)
        self.set_exception(error)
        if self.transport is not None:
            self.transport.abort()


def _accounted(loop: asyncio.AbstractEventLoop) -> ResponseHandler:
    return _Accounted(loop)
