"""The forms of task ids, and what chats, documents and keyboards make of them."""

import re
from collections.abc import Iterator

from msgspec import Struct

MAX_LENGTH = 80  # the longest seen has 42 characters; a button has room for 100, of which 19 are its own
LEFT_OUT = "\ue000"  # stands for text that was left out because it names no task; no id contains it
_MIN_LENGTH = 6  # characters; shorter words among others are not taken for ids
_PIECE = 8_192  # characters searched at once; other threads run in between

# A gateway's key that was pasted by mistake must be neither asked for nor shown.
_KEY = r"(?<![A-Za-z0-9_-])sk[-_][A-Za-z0-9_-]{8,}+"
_KEYS = re.compile(_KEY, re.IGNORECASE)
_HIDDEN_KEY = "sk-…"
_WHOLE = re.compile(r"(?!(?i:sk)[-_])[A-Za-z0-9](?:[A-Za-z0-9_.:=@~-]*[A-Za-z0-9_=-])?")
# In a UUID; elsewhere they separate words, or are part of one. The last three are what some keyboards have for a dash.
_DASHES = "\u2012\u2013\u2014\u2015\u2043\ufe58\u2796\u30fc\uff70"
_UUID = rf"[0-9a-f]{{8}}(?:[-{_DASHES}][0-9a-f]{{4}}){{3}}[-{_DASHES}][0-9a-f]{{12}}"
_UUIDS = re.compile(rf"{_UUID}|[0-9a-f]{{32}}", re.IGNORECASE)
# Mail and terminals break long lines, and mail puts a mark in front of them.
_BROKEN = re.compile(
    r"(?<![\w-])[0-9a-f][0-9a-f-]{3,34}+(?:[ \t]{0,9}+\r?\n[ \t>]{0,9}+[0-9a-f-]{1,35}+){1,3}(?![\w-])", re.IGNORECASE
)
# The ids that new-api makes, for the same reason: their length is known.
_BROKEN_TASK = re.compile(
    r"(?<![A-Za-z0-9])task_[A-Za-z0-9]{4,31}+[ \t]{0,9}+\r?\n[ \t>]{0,9}+[A-Za-z0-9]{1,28}+(?![\w-])"
)
_TASK_LENGTH = len("task_") + 32
_BREAKS = re.compile(r"[\s>]+")
# Phones and translators put spaces around dashes.
_SPACED = re.compile(
    rf"(?<![\w-])[0-9a-f]{{8}}(?: ?[-{_DASHES}] ?[0-9a-f]{{4}}){{3}} ?[-{_DASHES}] ?[0-9a-f]{{12}}(?![\w-])",
    re.IGNORECASE,
)
_TASK = re.compile(
    rf"""(?P<key>{_KEY})
      | /suno/(?:fetch|v1/music)/(?P<fetched>[A-Za-z0-9][A-Za-z0-9_.:=@~-]{{0,{MAX_LENGTH}}}+)
      | (?<![A-Za-z0-9])(?:
        {_UUID}
      | (?:suno_)?task_[A-Za-z0-9-]{{4,72}}
      | [0-9a-f]{{32}}
      | [0-9]{{15,20}}
    )(?![A-Za-z0-9])""",
    re.VERBOSE | re.IGNORECASE,
)
# Keys, Discord's mentions, emoji, timestamps and links, and Suno's own links, which name songs.
_FOREIGN = re.compile(
    rf"""(?P<key>{_KEY})
      | <(?:@[!&]?|\#|a?:\w{{1,32}}:|t:|/[^<>:]{{1,100}}:)[0-9]++[^<>\s]{{0,100}}+>
      | (?<![\w.-])(?:[\w-]++\.)*(?:discord(?:app)?\.(?:com|net)|(?P<suno>suno\.(?:com|ai)))
        (?:\\?/[\w.?&=%\#:+~@!$*-]*+)++
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_SONG = re.compile(rf"(?<![0-9a-f]){_UUID}(?![0-9a-f])", re.IGNORECASE)

_HYPHENS = "\u2010\u2011\u2212\ufe63"
_QUOTES = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2032\u2033«»‹›「」『』《》〈〉【】"
_INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\ufeff"
_PLAIN = str.maketrans(
    {wide: chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)}
    | dict.fromkeys(map(ord, _HYPHENS), "-")
    | dict.fromkeys(map(ord, _QUOTES), '"')
    | dict.fromkeys([*map(ord, _INVISIBLE), *range(0x2060, 0x2070), *range(0xFE00, 0xFE10)], "")
)
_TO_HYPHENS = str.maketrans(dict.fromkeys(_DASHES, "-"))


class Mentioned(Struct, frozen=True):
    """The ids in a text, once each and in order. `songs`: ids of songs, which differ from those of their tasks.

    `alone`: those of songs whose tasks are not named.
    """

    ids: tuple[str, ...]
    songs: tuple[str, ...]
    alone: tuple[str, ...]


def plain(text: str) -> str:
    """With ASCII letters, hyphens and quotes, and without invisible characters, line breaks and spaces within ids."""
    joined = _BROKEN.sub(_joined, text.translate(_PLAIN))
    joined = _BROKEN_TASK.sub(_joined_task, joined)
    return _SPACED.sub(lambda spaced: spaced[0].replace(" ", ""), joined)


def _joined(broken: re.Match[str]) -> str:
    """Half a UUID without hyphens may be an id of its own."""
    joined = _BREAKS.sub("", broken[0])
    return joined if "-" in joined and _UUIDS.fullmatch(joined) else broken[0]


def _joined_task(broken: re.Match[str]) -> str:
    joined = _BREAKS.sub("", broken[0])
    return joined if len(joined) == _TASK_LENGTH else broken[0]


def pieces(text: str) -> Iterator[str]:
    """The text in pieces; no id is split."""
    start = 0
    while len(text) - start > _PIECE:
        cuts = (text.rfind(mark, start, start + _PIECE) for mark in '\n ,;|"\t')
        end = next((cut + 1 for cut in cuts if cut >= start), start + _PIECE)
        yield text[start:end]
        start = end
    yield text[start:]


def canonical(task_id: str) -> str:
    """A UUID in lower case and with hyphens; ids of other forms keep their case."""
    return task_id.translate(_TO_HYPHENS).lower() if _UUIDS.fullmatch(task_id) else task_id


def other_form(task_id: str) -> str | None:
    """A UUID without hyphens, or with them: gateways differ, and so do people who copy ids."""
    if not _UUIDS.fullmatch(task_id):
        return None
    digits = task_id.replace("-", "")
    if digits != task_id:
        return digits
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def is_whole(word: str) -> bool:
    """Whether it could be the id of some gateway."""
    return len(word) <= MAX_LENGTH and _WHOLE.fullmatch(word) is not None


def is_likely(word: str) -> bool:
    """Whether it looks like an id rather than a word of a language."""
    return len(word) >= _MIN_LENGTH and is_whole(word) and any(map(str.isdigit, word))


def without_keys(text: str) -> str:
    """As it may be shown to others."""
    return _KEYS.sub(_HIDDEN_KEY, text)


def without_foreign(text: str, songs: list[str], removed: list[str]) -> str:
    """Replaces keys, and mentions, emoji and links of Discord and Suno with LEFT_OUT: they name no task.

    Appends the replaced texts to `removed`, in order and without keys, and the song ids in them to `songs`.
    """

    def leave_out(found: re.Match[str]) -> str:
        removed.append(_HIDDEN_KEY if found["key"] else found[0])
        if found["suno"]:
            songs.extend(canonical(each) for each in _SONG.findall(found[0]))
        return LEFT_OUT

    return _FOREIGN.sub(leave_out, text)


def known_forms(text: str) -> list[str]:
    """The ids of known forms in a text from `without_foreign`, including repeats."""
    ids = []
    for match in _TASK.finditer(text):
        if match["key"]:
            continue
        task_id = canonical((match["fetched"] or match[0]).rstrip(".:@~"))
        if is_likely(task_id) if match["fetched"] else is_whole(task_id):
            ids.append(task_id)
    return ids


def find_in_words(text: str) -> Mentioned:
    """The ids in a text that is not JSON."""
    ids: dict[str, None] = {}
    songs: list[str] = []
    for piece in pieces(text):
        ids |= dict.fromkeys(known_forms(without_foreign(plain(piece), songs, [])))
    named = tuple(dict.fromkeys(songs))
    return Mentioned(tuple(ids), named, named)
