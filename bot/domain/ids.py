"""Task ids in what people type or paste."""

import re
from typing import Literal

from msgspec import Struct

from bot.errors import InvalidTaskId

MAX_LENGTH = 80  # the longest seen has 42 characters; a button has 100 for it and 19 of its own

_WHOLE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.:=@~-]*[A-Za-z0-9_=-])?")
_BETWEEN = re.compile(r"[\s,;，；、|]+")
_KNOWN = re.compile(
    r"""(?<![A-Za-z0-9])(?:
        [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}
      | (?:suno_)?task_[A-Za-z0-9-]{4,72}
      | [0-9a-f]{32}
      | [0-9]{15,20}
    )(?![A-Za-z0-9])""",
    re.VERBOSE | re.IGNORECASE,
)
_FOREIGN = re.compile(
    r"""<(?:@[!&]?|\#|a?:\w{1,32}:|t:|/[^<>:]{1,100}:)[0-9]+[^<>\s]*>
      | (?<![\w.-])(?:[\w-]+\.)*(?:discord(?:app)?\.(?:com|net)|(?P<suno>suno\.(?:com|ai)))(?:\\?/[\w.?&=%#:+~@!$*-]*)+
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_LEFT_OUT = "…"  # stands where something was, and is in no id


def find_ids(text: str) -> tuple[str, ...]:
    """Every id of a known form in any text, once each, in order.

    Not those that name no task: in Discord's mentions, emoji and links, and in Suno's own links, which name songs.
    """
    found = (match.group() for match in _KNOWN.finditer(_without_foreign(text)))
    return tuple(dict.fromkeys(each for each in found if len(each) <= MAX_LENGTH))


def _without_foreign(text: str) -> str:
    return _FOREIGN.sub(_LEFT_OUT, text)


def no_id_in(text: str, why: Literal["odd", "none", "write"]) -> InvalidTaskId:
    """`why`, unless a link to a song was taken for an id of its task."""
    typed = text.strip()
    linked = any(match["suno"] for match in _FOREIGN.finditer(text))
    return InvalidTaskId("song" if linked else why, typed, len(typed))


class Ids(Struct, frozen=True):
    """`ignored`: how many words beside them are no ids."""

    ids: tuple[str, ...]
    ignored: int


def read_ids(text: str) -> Ids:
    """Several ids, as a person types or pastes them: separated by whatever.

    Where no id of a known form is among them, each whole word counts. Raises InvalidTaskId when there is none.
    """
    words = [word for part in _BETWEEN.split(_without_foreign(text)) if (word := part.strip("`<>\"'()[]"))]
    found = [(word, find_ids(word)) for word in words]
    if not any(ids for _, ids in found):
        found = [(word, (word,) if _is_whole(word) else ()) for word in words]
    ids = tuple(dict.fromkeys(each for _, ids in found for each in ids))
    if not ids:
        raise no_id_in(text, "odd") if words else InvalidTaskId("empty", "", 0)
    return Ids(ids, sum(not ids for _, ids in found))


def _is_whole(word: str) -> bool:
    return len(word) <= MAX_LENGTH and _WHOLE.fullmatch(word) is not None


def parse_id(text: str) -> str:
    """The one id that a person meant: a whole word, or the only known form in a longer text.

    Raises InvalidTaskId: empty, too long, several ids, or characters that no id has.
    """
    word = text.strip().strip("`<>\"'")
    found = find_ids(text)
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidTaskId("many", word, len(found))
    if not word:
        raise InvalidTaskId("empty", word, 0)
    if _LEFT_OUT in _without_foreign(text):
        raise no_id_in(text, "odd")
    if len(word) > MAX_LENGTH:
        raise InvalidTaskId("long", word, len(word))
    if not _WHOLE.fullmatch(word):
        raise InvalidTaskId("odd", word, len(word))
    return word
