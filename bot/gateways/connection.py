"""Connections on which framing without end is cut off: it would keep a core busy and bring nothing.

A host can send interim answers (as 103) for ever, chunks of one byte, or one byte at a time. What it costs to read
grows with what is on the wire, and what is worth reading is the body alone; so the two are held against each other.
"""

import asyncio
from functools import partial
from typing import Any

from aiohttp import ClientPayloadError, StreamReader, TCPConnector
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage

MAX_HEADER = 64 * 1024  # bytes; aiohttp's own 8 KiB are less than some content security policies have
_FREE = 256 * 1024  # bytes on the wire, beside three for each of the body
_FRAMING = 3
_FREE_PIECES = 4_000  # pieces from the network, beside one for each 64 bytes of the body
_PIECE = 64  # bytes
_INTERIM = 32  # answers before the answer itself; a host has reason for one or two
_HEAD_PIECE = 2_048  # bytes that are read at once while it has not begun: aiohttp reads all interim answers in them
_SWITCHING = 101  # the one interim answer behind which nothing else comes
_FINAL = 200


class Connector(TCPConnector):
    """As aiohttp's. What is cut off raises ClientPayloadError."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory = partial(_accounted, asyncio.get_running_loop())


class _Accounted(ResponseHandler):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._on_the_wire = self._pieces = self._interim = 0
        self._has_begun = False

    def set_response_params(self, *args: Any, **options: Any) -> None:
        """For each request anew."""
        self._on_the_wire = self._pieces = self._interim = 0
        self._has_begun = False
        super().set_response_params(*args, **options)

    def data_received(self, data: bytes) -> None:
        self._on_the_wire += len(data)
        self._pieces += bool(data)  # without any, it goes on with what came before
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
        """What was paused may turn out to be whole. Then aiohttp (3.14.5) hands the connection back and starts the
        time-out of reading all the same: whoever used it next would be told of one, at once.
        """
        before = self._read_timeout_handle
        super().resume_reading(*args, **options)
        if self._read_timeout_handle is not before and (self._payload is None or self._payload.is_eof()):
            self._drop_timeout()

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """The head of an answer has been read."""
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
