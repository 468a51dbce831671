"""Task ids in what people type or paste."""

import re

from bot.errors import InvalidTaskId

MAX_LENGTH = 80  # the longest seen has 42 characters; buttons carry the id in 100

_WHOLE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.:=@~-]*[A-Za-z0-9_=-])?")
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
