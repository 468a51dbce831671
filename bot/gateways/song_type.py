"""Detects the type of an arriving song as soon as enough of it is there."""

import asyncio

from bot.errors import MediaUnrecognised
from bot.gateways import id3
from bot.gateways.file_type import MP3, WINDOW, DetectedAudio, audio, frames
from bot.gateways.relay import Spool

_FAR = 16 * WINDOW  # bytes that are searched for frames behind junk
_MAX_TAGS = 4  # in a row
_LIKELY = 512  # bytes behind a tag that count as an MP3 even without a recognised frame


async def detect_song_type(spool: Spool, size: int | None) -> DetectedAudio:
    """`size`: bytes of the whole, if known. Raises MediaUnrecognised, and the error that cut the song off."""
    behind = await _behind_tags(spool, size)
    found = await _sound(spool, behind) if size is None or behind < size else None
    if found is None and behind:  # a tag with a wrong size may hide frames
        found = await _frames(spool, id3.HEADER)
        fits = size is None or behind < size
        if found is None and fits and len(await spool.peek(behind, _LIKELY)) == _LIKELY:
            found = DetectedAudio(MP3, behind)
    if found is None:
        raise MediaUnrecognised(f"{min(spool.arrived, _FAR)} first bytes of nothing known, or a header alone")
    return found


async def _behind_tags(spool: Spool, size: int | None) -> int:
    """Where the tags end, according to their headers."""
    end = 0
    for _ in range(_MAX_TAGS):
        if size is not None and end >= size:
            break
        length = id3.length(await spool.peek(end, id3.HEADER))
        if not length:
            break
        end += length
    return end


async def _sound(spool: Spool, start: int) -> DetectedAudio | None:
    window = await spool.peek(start, WINDOW)
    found = audio(window, ends=len(window) < WINDOW)
    if found:
        return DetectedAudio(found.kind, start + found.start)
    return await _frames(spool, start) if len(window) == WINDOW else None


async def _frames(spool: Spool, start: int) -> DetectedAudio | None:
    found = await asyncio.to_thread(frames, await spool.peek(start, _FAR))  # it may take a while
    return DetectedAudio(found.kind, start + found.start) if found else None
