"""Task ids in text that people type or paste. Every function takes time proportional to the length of its text."""

import re
from typing import Literal

from msgspec import Struct

from bot.domain.id_forms import (
    LEFT_OUT,
    MAX_LENGTH,
    Mentioned,
    canonical,
    find_in_words,
    is_likely,
    is_whole,
    known_forms,
    pieces,
    plain,
    without_foreign,
    without_keys,
)
from bot.domain.pasted import find_in_json, is_json
from bot.errors import InvalidTaskId

_BETWEEN = re.compile(r"[\s,;、|]+")
_AROUND = "`<>\"'()[]{}*_~"  # quotes, brackets and markdown
_LABELS = frozenset({
    "id", "ids", "task", "tasks", "taskid", "task_id", "task-id", "任务", "任務", "任务id", "任務id", "编号", "編號",
})  # fmt: skip
_LABEL = re.compile(r"(?:task[_-]?)?ids?[:=#]|tasks?[:=#]|任[务務](?:id)?[:=#]|[编編][号號][:=#]", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s/?#]++(?P<path>[^\s?#]*+)(?:\?(?P<query>[^\s#]*+))?(?:#\S*)?", re.IGNORECASE)
_ASKED_FOR = re.compile(r"(?:^|&)(?:task_?id|id)=(?P<id>[^&]*+)", re.IGNORECASE)
# Marks of lists and of code, which are no words.
_MARKS = re.compile(
    r"^[ \t>]{0,20}+(?:[0-9]{1,3}(?:[.)](?=[ \t]+\S)|\u3001(?=[ \t]*\S))|```[A-Za-z]{1,12}[ \t]*$)", re.MULTILINE
)
_LINK = re.compile(r"\[(?P<text>[^\[\]\n]{1,200}+)\](?P<target>\(<?https?://[^\s()<>]{1,300}+)", re.IGNORECASE)
_NAMED = 10  # words that are no ids, kept to be shown to the person


def find_mentioned(text: str) -> Mentioned:
    """Every id of a known form in any text, once each, in order; and the ids of songs.

    Leaves out what names no task: Discord's mentions, emoji and links, songs in Suno's own links, and everything but
    the tasks in a gateway's answer. UUIDs come in lower case.
    """
    return find_in_json(text) if is_json(text) else find_in_words(text)


class Ids(Struct, frozen=True):
    """`ignored`: how many other words are no ids; `words`: the first of these. `songs`: ids of songs."""

    ids: tuple[str, ...]
    ignored: int
    words: tuple[str, ...] = ()
    songs: tuple[str, ...] = ()


def read_typed(text: str) -> Ids:
    """Ids as a person types or pastes them, with any separators; empty if there is none.

    If no id has a known form, a single word counts as an id, or those of several words that look like ids.
    """
    if is_json(text):
        found = find_in_json(text)
        return Ids(found.ids, 0, (), found.alone)
    return _read_words(text)


def _read_words(text: str) -> Ids:
    songs: list[str] = []
    words: list[_Word] = []
    for piece in pieces(text):
        removed: list[str] = []
        masked = without_foreign(plain(piece), songs, removed)
        words += _words(_LINK.sub(_without_text, _MARKS.sub("", masked)), removed)
    ids = _ids_of(words)
    named = [word.shown[:MAX_LENGTH] for word, found in zip(words, ids, strict=True) if not found and not word.song]
    every = tuple(dict.fromkeys(each for found in ids for each in found))
    return Ids(every, len(named), tuple(dict.fromkeys(named))[:_NAMED], tuple(dict.fromkeys(songs)))


def _without_text(link: re.Match[str]) -> str:
    """The text of a link is no word if the id is in its address."""
    named = LEFT_OUT in link["text"] or known_forms(link["text"])
    leads = LEFT_OUT in link["target"] or known_forms(link["target"])
    return link["target"] if leads and not named else link[0]


class _Word(Struct, frozen=True):
    """`text`: without quotes and punctuation; `shown`: as typed; `song`: a link to a song."""

    text: str
    shown: str
    song: bool


def _words(masked: str, removed: list[str]) -> list[_Word]:
    """`removed`: the text behind each LEFT_OUT."""
    words, left = [], iter(removed)
    for part in _BETWEEN.split(masked):
        word = _bare(part)
        if not _is_word(word) or word.rstrip(":=#").lower() in _LABELS:
            continue
        behind = [next(left, "") for _ in range(word.count(LEFT_OUT))]
        shown = word
        for each in behind:
            shown = shown.replace(LEFT_OUT, each, 1)
        words.append(_Word(word, shown, any("suno." in each.lower() for each in behind)))
    return words


def _is_word(text: str) -> bool:
    """Not only marks, such as those of lists and arrows."""
    return LEFT_OUT in text or any(map(str.isalnum, text))


def _bare(part: str) -> str:
    """Without quotes, a label, and the end of a sentence."""
    word = part.strip(_AROUND)
    if label := _LABEL.match(word):
        word = word[label.end() :].strip(_AROUND)
    ended = word.rstrip(".:!?。")
    return ended if is_whole(ended) else word


def _ids_of(words: list[_Word]) -> list[tuple[str, ...]]:
    """The ids in each of the words."""
    known = [tuple(known_forms(word.text)) for word in words]
    if any(known):
        # Next to known ids, a word of letters and digits may be another gateway's id; a date or a version is not.
        return [ids or _opaque(word.text) for word, ids in zip(words, known, strict=True)]
    if len(words) == 1:
        return [_lone(words[0].text)]
    return [_likely(word.text) for word in words]


def _lone(word: str) -> tuple[str, ...]:
    return _in_address(word) or ((canonical(word),) if is_whole(word) else ())


def _likely(word: str) -> tuple[str, ...]:
    return _in_address(word) or ((canonical(word),) if is_likely(word) else ())


def _opaque(word: str) -> tuple[str, ...]:
    return (word,) if is_likely(word) and word.isalnum() and not word.isdigit() else ()


def _in_address(word: str) -> tuple[str, ...]:
    """The id at the end of a gateway's address, or among its parameters."""
    address = _ADDRESS.fullmatch(word)
    if address is None:
        return ()
    asked_for = _ASKED_FOR.search(address["query"] or "")
    last = address["path"].rstrip("/").rpartition("/")[2]
    return tuple(canonical(each) for each in ([asked_for["id"]] if asked_for else [last]) if is_likely(each))


def no_id_in(text: str, why: Literal["odd", "none", "write", "words"]) -> InvalidTaskId:
    """An error for `why`, unless the person gave a song's link instead of a task."""
    typed = without_keys(text.strip())
    linked = any("suno." in each.lower() for each in _foreign(text))
    return InvalidTaskId("song" if linked else why, typed[:MAX_LENGTH], len(typed))


def _is_marks(text: str) -> bool:
    return text.strip(f"{_AROUND}\u3001|,; \t\r\n") != "" and not any(map(str.isalnum, text))


def _foreign(text: str) -> list[str]:
    removed: list[str] = []
    for piece in pieces(text):
        without_foreign(plain(piece), [], removed)
    return removed


def why_none(text: str, typed: Ids) -> InvalidTaskId:
    """The error for a text in which `read_typed` found no id."""
    if not (typed.ignored or typed.songs or is_json(text) or _foreign(text) or _is_marks(text)):
        return InvalidTaskId("empty", "", 0)
    return no_id_in(text, "words" if sum(map(is_whole, typed.words)) > 1 else "odd")


def one_of(text: str, typed: Ids, ids: tuple[str, ...]) -> str:
    """The only one of the `ids`, which `typed` means. Raises InvalidTaskId: empty, too long, several, or none."""
    word = without_keys(text.strip().strip(_AROUND))
    if len(ids) == 1:
        return ids[0]
    if ids:
        raise InvalidTaskId("many", word[:MAX_LENGTH], len(ids))
    if len(word) > MAX_LENGTH and typed.ignored == 1 and not _foreign(text):
        raise InvalidTaskId("long", word[:MAX_LENGTH], len(word))
    raise no_id_in(text, "odd") if why_none(text, typed).why != "empty" else InvalidTaskId("empty", "", 0)
