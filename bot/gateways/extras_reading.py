"""What gateways answer at /suno/act/...: the timing of a song, and addresses of its WAV and its video. Pure and total.

By what vendors document: the timing comes bare or in an envelope, its words under `aligned_words`, in newer answers
also as lines under `aligned_lyrics`; an address under `wav_file_url`, `mp4_file_url` and the like, or as the data
itself; nothing, or a state, while the file is still being made.
"""

from collections.abc import Iterator
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from bot.domain.timed_lyrics import SongTiming, TimedText, lines_of
from bot.errors import ExtraNotOffered, ExtraNotReady, GatewayBroken, GatewayMisplaced, TellableError
from bot.gateways.decode import error_in, is_good, no_json
from bot.gateways.dialects.error_texts import sentences
from bot.gateways.dialects.field_names import ENVELOPES, VIDEO, spelled
from bot.gateways.dialects.phrases import ErrorMeaning, meaning
from bot.gateways.fields import Object, as_number, as_text, as_url, first, parse_json, unpacked


class Extra(StrEnum):
    """By its name in the address."""

    TIMING = "timing"
    WAV = "wav"
    VIDEO = "mp4"


_ADDRESS = {
    Extra.WAV: spelled("wav_file_url", "wav_url", "audio_wav_url", "wav", "file_url", "download_url", "url"),
    Extra.VIDEO: (*spelled("mp4_file_url", "mp4"), *VIDEO, *spelled("video", "file_url", "download_url", "url")),
}
_WORDS, _LINES, _WAVEFORM = spelled("aligned_words"), spelled("aligned_lyrics"), spelled("waveform_data")
_TEXT, _START = ("word", "text", "line", "content"), spelled("start_s", "start_time", "start")
_MAX_DEPTH = 4  # envelopes
_MAX_ENTRIES = 20_000  # words, lines or points
_MAX_START = 86_400.0  # seconds
_ABSENT_MODEL = ("model_not_found", "no access to model", "no available channel", "无可用渠道")


def read_timing(status: int, content_type: str, body: bytes) -> SongTiming:
    """Raises GatewayError, or ExtraNotOffered."""
    value = _value(Extra.TIMING, status, content_type, body)
    for source in _objects(value, 0):
        lines = _lines(source)
        waveform = tuple(each for each in map(as_number, _list(source, _WAVEFORM)) if each is not None)
        if lines or waveform:
            return SongTiming(lines, waveform)
    raise _refusal(Extra.TIMING, status, value)


def read_address(extra: Extra, status: int, content_type: str, body: bytes) -> str:
    """Raises GatewayError, ExtraNotOffered or ExtraNotReady."""
    value = _value(extra, status, content_type, body)
    for source in _objects(value, 0):
        said = (as_url(source.get(name)) for name in (*_ADDRESS[extra], *ENVELOPES))
        if found := next(filter(None, said), ""):
            return found
    raise _refusal(extra, status, value)


def _value(extra: Extra, status: int, content_type: str, body: bytes) -> Any:
    try:
        value = parse_json(body, content_type)
    except ValueError:
        error = no_json(status, body)
        raise ExtraNotOffered(extra) if isinstance(error, GatewayMisplaced) else error from None
    if status >= HTTPStatus.BAD_REQUEST:
        raise _refusal(extra, status, value)
    return value


def _refusal(extra: Extra, status: int, value: Any) -> TellableError:
    """What it means that the answer holds nothing of what was asked for. A gateway that knows no such call, or no such
    song, or does not let this key call it, has none of it.
    """
    said = sentences(value)
    if any(each in " ".join(said).lower() for each in _ABSENT_MODEL) or meaning(*said) is ErrorMeaning.UNKNOWN:
        return ExtraNotOffered(extra)
    error = error_in(["the song"], status, value)
    if isinstance(error, GatewayMisplaced) or (error is None and status >= HTTPStatus.BAD_REQUEST):
        return ExtraNotOffered(extra)
    if error is None or (isinstance(error, GatewayBroken) and is_good(value, status)):
        return ExtraNotOffered(extra) if extra is Extra.TIMING else ExtraNotReady(extra)
    return error


def _objects(value: Any, depth: int) -> Iterator[Object]:
    """What is said, from the outside to the inside of its envelopes."""
    value = unpacked(value)
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        value = next((each for each in value[:_MAX_ENTRIES] if isinstance(each, dict)), None)
    if isinstance(value, dict):
        yield value
        for name in ENVELOPES:
            if isinstance(value.get(name), dict | list | str):
                yield from _objects(value[name], depth + 1)


def _lines(source: Object) -> tuple[TimedText, ...]:
    words = [_timed(each) for each in _list(source, _WORDS) if isinstance(each, dict)]
    if words:
        return tuple(lines_of(words))
    return tuple(_timed(each) for each in _list(source, _LINES) if isinstance(each, dict))


def _list(source: Object, names: tuple[str, ...]) -> list[Any]:
    said = first(source, *names)
    return said[:_MAX_ENTRIES] if isinstance(said, list) else []


def _timed(word: Object) -> TimedText:
    start = as_number(first(word, *_START))
    return TimedText(as_text(first(word, *_TEXT)), start if start is not None and 0 <= start < _MAX_START else None)
