"""The loudness of an MP3 over its length, from the headers of its frames, without decoding its audio.

Each frame says by how much its values are multiplied (`global_gain`, ISO/IEC 11172-3, 2.4.1.7): an encoder
raises that with the loudness. docs/decisions/0008 compares it with a decoder.
"""

from bot.gateways import id3
from bot.gateways.file_type import MP3, mpeg_frame

_MONO = 0b11
_FIRST = 0b11  # the version bits of MPEG 1
_DOUBLES = 4  # so much more gain is twice the amplitude
_SILENCE = 120  # the gain of a frame in which nothing is written: 22 bits below full scale
_JUNK = 64 * 1024  # bytes without a frame, after which it is no MP3 any more
_BUCKETS = 512  # at least half as many at the end; the memory for a song of any length


class Loudness:
    """`feed` it a file piece by piece; `levels` are then its amplitudes, evenly over its length.

    Total: whatever comes, and however it is cut, is read or skipped, in time that grows with its length alone.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._skip: int | None = None  # bytes to come before the next frame; None: the file has not begun
        self._synchronised = False  # the last thing read was a frame
        self._junk = 0
        self._buckets = _Buckets()

    @property
    def levels(self) -> tuple[float, ...]:
        """Amplitudes, the loudest being 1; none where nothing was found."""
        return self._buckets.levels()

    def feed(self, piece: bytes) -> None:
        if self._skip is None:
            piece = self._rest + piece
            if len(piece) < id3.HEADER:
                self._rest = piece
                return
            self._rest, self._skip = b"", id3.length(piece)
        if self._junk > _JUNK:
            return
        skipped = min(self._skip, len(piece))
        self._skip -= skipped
        if not self._skip:
            window = self._rest + piece[skipped:]
            at = self._read(window)
            self._rest, self._skip = window[at:], max(0, at - len(window))

    def _read(self, window: bytes) -> int:
        """All frames whose headers are there whole; where the next one begins."""
        at, last = 0, len(window) - _HEAD
        while at <= last:
            size = _frame_size(window, at)
            if size and not self._synchronised:
                if at + size + _HEAD > len(window):
                    break  # what follows will tell whether it is one
                size = size if _frame_size(window, at + size) else 0
            self._synchronised = size > 0
            if size:
                self._junk = 0
                self._buckets.add(_gain(window, at))
                at += size
            else:
                found = window.find(b"\xff", at + 1)
                size = (found if found >= 0 else len(window)) - at
                self._junk += size
                at = at + size if self._junk <= _JUNK else len(window)
        return at


def _frame_size(window: bytes, at: int) -> int:
    """0 where there is no MP3 frame."""
    frame = mpeg_frame(window, at)
    return frame[1] if frame and frame[0] is MP3 else 0


_HEAD = 4 + 2 + 32  # bytes of a header, its checksum and its side information


def _gain(window: bytes, at: int) -> int:
    """Of the loudest channel in a frame."""
    start = at + (4 if window[at + 1] & 1 else 6)  # behind the checksum, if there is one
    mono = window[at + 3] >> 6 == _MONO
    if window[at + 1] >> 3 & 0b11 == _FIRST:
        size, offset, step, count = (17, 18, 59, 2) if mono else (32, 20, 59, 4)
    else:
        size, offset, step, count = (9, 9, 63, 1) if mono else (17, 10, 63, 2)
    side = int.from_bytes(window[start : start + size])
    bits = 8 * size - offset
    loudest = _SILENCE
    for _ in range(count):
        part = side >> bits - 29 & 0x1FFFFFFF  # 12 bits: how much was written, 9: of values, 8: the gain
        if part >> 17 and part & 0xFF > loudest:
            loudest = part & 0xFF
        bits -= step
    return loudest


class _Buckets:
    """The mean gain of each so many frames; of twice as many when there are too many buckets."""

    def __init__(self) -> None:
        self._sums: list[int] = []
        self._width = 1  # frames in a bucket
        self._filled = 0  # frames in the last bucket; 0: it is full

    def add(self, gain: int) -> None:
        if self._filled:
            self._sums[-1] += gain
        else:
            self._sums.append(gain)
        self._filled = (self._filled + 1) % self._width
        if not self._filled and len(self._sums) == _BUCKETS:
            self._sums = [first + second for first, second in zip(self._sums[::2], self._sums[1::2], strict=True)]
            self._width *= 2

    def levels(self) -> tuple[float, ...]:
        """A bucket that is not full yet is left out, unless there is no other."""
        full = self._sums[: -1 if self._filled and len(self._sums) > 1 else None]
        loudest = max(full, default=0)
        width = self._filled if self._filled and len(self._sums) == 1 else self._width
        return tuple(2.0 ** ((gain - loudest) / width / _DOUBLES) for gain in full) if loudest else ()
