"""Removes the frames of an `aws-chunked` upload: some stores keep them within the file, and send them with it.

Each frame is a line with its size, perhaps signed, and its bytes; the last one is empty, and checksums may follow it.
"""

import re
from collections.abc import AsyncIterator

from bot.errors import MediaUnavailable

_HEADER = re.compile(rb"([0-9a-fA-F]{1,8})(?:;chunk-signature=[0-9a-f]{64})?\r\n")
_MAX_HEADER = 100  # bytes of a header
_END = b"\r\n"


class Unframed:
    """`framed`: whether there are frames, known as soon as the first of `chunks` has been read."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self.framed = False
        self._chunks = chunks
        self._left = 0  # bytes of the present frame
        self._line = b""  # the beginning of a header
        self._in_frame = False  # or at the line break behind it
        self._ended = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """Without frames, or unchanged. Raises MediaUnavailable if the frames are damaged or cut off."""
        begins = True
        async for chunk in self._chunks:
            self.framed = _is_framed(chunk) if begins else self.framed
            begins = False
            if content := self._content(chunk) if self.framed else chunk:
                yield content
        if self.framed and not self._ended:
            raise MediaUnavailable("its frames are cut off")

    def _content(self, chunk: bytes) -> bytes:
        """Joined, because a host may send tiny frames."""
        parts, at = [], 0
        while at < len(chunk) and not self._ended:
            if self._left:
                parts.append(chunk[at : at + self._left])
                self._left -= len(parts[-1])
                at += len(parts[-1])
            else:
                at = self._read_line(chunk, at)
        return b"".join(parts)

    def _read_line(self, chunk: bytes, at: int) -> int:
        """Where the line ends that goes on here: a header, or the line break behind a frame."""
        end = chunk.find(b"\n", at, at + _MAX_HEADER) + 1 or min(len(chunk), at + _MAX_HEADER)
        self._line += chunk[at:end]
        if self._line.endswith(b"\n") or len(self._line) >= _MAX_HEADER:
            self._take_line()
        return end

    def _take_line(self) -> None:
        line, self._line = self._line, b""
        header = _HEADER.fullmatch(line)
        if self._in_frame and line == _END:
            self._in_frame = False
        elif header and not self._in_frame:
            self._left = int(header[1], 16)
            self._in_frame, self._ended = True, not self._left
        else:
            raise MediaUnavailable("its frames are damaged")


def _is_framed(beginning: bytes) -> bool:
    """A line that looks like a header may also be junk before a song: behind a frame there is a line break."""
    header = _HEADER.match(beginning)
    if header is None:
        return False
    size = int(header[1], 16)
    behind = header.end() + size
    return size > 0 and _END.startswith(beginning[behind : behind + len(_END)])
