"""Task ids in what people type or paste."""

import re

from msgspec import Struct

from bot.errors import InvalidTaskId

MAX_LENGTH = 80  # the longest seen has 42 characters; buttons carry the id in 100

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


def find_ids(text: str) -> tuple[str, ...]:
    """Every id of a known form in any text, once each, in order."""
    return tuple(dict.fromkeys(match.group() for match in _KNOWN.finditer(text)))


class Ids(Struct, frozen=True):
    """`ignored`: how many words beside them are no ids."""

    ids: tuple[str, ...]
    ignored: int


def read_ids(text: str) -> Ids:
    """Several ids, as a person types or pastes them: separated by whatever.

    Where no id of a known form is among them, each whole word counts. Raises InvalidTaskId when there is none.
    """
    words = [word for part in _BETWEEN.split(text) if (word := part.strip("`<>\"'()[]"))]
    found = [(word, find_ids(word)) for word in words]
    if not any(ids for _, ids in found):
        found = [(word, (word,) if _is_whole(word) else ()) for word in words]
    ids = tuple(dict.fromkeys(each for _, ids in found for each in ids))
    if not ids:
        raise InvalidTaskId("odd" if words else "empty", text.strip(), len(text.strip()))
    return Ids(ids, sum(not ids for _, ids in found))


def _is_whole(word: str) -> bool:
    return len(word) <= MAX_LENGTH and _WHOLE.fullmatch(word) is not None


def parse_id(text: str) -> str:
    """The one id that a person meant: a whole word, or the only known form in a longer text.

    Raises InvalidTaskId: empty, too long, several ids, or characters that no id has.
    """
    word = text.strip().strip("`<>\"'")
    found = find_ids(word)
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidTaskId("many", word, len(found))
    if not word:
        raise InvalidTaskId("empty", word, 0)
    if len(word) > MAX_LENGTH:
        raise InvalidTaskId("long", word, len(word))
    if not _WHOLE.fullmatch(word):
        raise InvalidTaskId("odd", word, len(word))
    return word
