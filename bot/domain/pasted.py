"""Task ids in pasted JSON: a gateway's answer of any dialect, whole or cut off at either end.

Reads its tokens in one pass, with no more memory than the text itself, and no recursion whose depth the text controls.
"""

import re
from collections.abc import Sequence

from bot.domain.id_forms import MAX_LENGTH, Mentioned, canonical, find_in_words, is_likely, is_whole, known_forms

_KEY = re.compile(r"""(?P<quote>["'])[A-Za-z_]\w{0,40}(?P=quote)\s{0,20}+:""")
_CUT_KEY = re.compile(r"""\s{0,100}+\w{0,40}+"\s{0,20}+:""")
_ESCAPED_KEY = re.compile(r"""(?P<quote>["'])[A-Za-z_]\w{0,40}\\{1,8}(?P=quote)\s{0,20}+:""")
_MAX_DEPTH = 3  # levels of JSON quoted within JSON
_CUT = "\0"  # in front of a key whose beginning was cut off
_BEGINNING = 4_000  # characters that show whether a text begins within a string
_MIN_LENGTH = 6  # characters; a shorter value holds no id
_ENDED = re.compile(r'([}\]])"(?=\s|$)')
_STRING = r'"(?P<string>(?:[^"\\]++|\\.?)*+)"?'
_PYTHONS = r"""|'(?P<pythons>(?:[^'\\]++|\\.?)*+)'?"""
_REST = r"(?P<colon>\s{0,20}+:)?|(?P<bracket>[{}\[\]])|(?P<bare>[^\s\"{}\[\],:]++)(?P<after>\s{0,20}+:)?"
_TOKENS = re.compile(_STRING + _REST, re.DOTALL)
_PYTHON_TOKENS = re.compile(f"(?:{_STRING}{_PYTHONS}){_REST}".replace('[^\\s\\"', "[^\\s\\\"'"), re.DOTALL)

_TASK = "taskid"
# Keys of tasks, used where there is no `task_id`. All keys are without separators.
_NAMES = frozenset({"ids", "taskids", "tasks", "task", "data", "result", "taskbatchid"})
_CLIP_IDS = frozenset({"clipid", "songid", "audioid", "clipids", "songids", "audioids"})
_CLIP_MARKS = frozenset({
    "audiourl", "cld2audiourl", "sourceaudiourl", "streamaudiourl", "imageurl", "cld2imageurl", "imagelargeurl",
    "videourl", "cld2videourl", "clipid", "metadata", "modelname", "majormodelversion", "mediaurls",
})  # fmt: skip
_NO_TASKS = frozenset({
    "userid", "requestid", "channelid", "audiopromptid", "continueclipid", "coverclipid", "personaid", "rootid",
    "history", "concathistory", "prompt", "gptdescriptionprompt", "text", "lyrics", "tags", "title", "handle",
    "displayname", "createdat", "updatedat", "submittime", "starttime", "finishtime", "notifyhook", "failreason", "key",
    "token",
})  # fmt: skip
_NOTHING = frozenset({"", "null", "none", "true", "false", "0"})
_SUFFIX = re.compile(r"(.{16,})_[0-9]{1,2}")


class _Frame:
    """An open object or list: where its finds begin in the reader's lists, and what its keys say."""

    __slots__ = ("alone", "clip", "id", "key", "name", "own", "status", "tasks", "titled", "weak", "within")

    def __init__(self, name: str, tasks: int, weak: int, within: int, alone: int) -> None:
        self.name = name  # the key that holds it
        self.key = ""
        self.tasks, self.weak, self.within, self.alone = tasks, weak, within, alone
        self.own = self.id = ""
        self.clip = self.status = self.titled = False


def is_json(text: str) -> bool:
    """Whether it contains JSON, or the repr of Python data."""
    return (_CUT_KEY.match(text) or _KEY.search(text) or _ESCAPED_KEY.search(text)) is not None


def find_in_json(text: str) -> Mentioned:
    """The ids in JSON, and in the text around it. If no key names a task's id, whatever looks like one."""
    reader = _Reader()
    outside = find_in_words(reader.read(text))
    tasks = reader.tasks or reader.weak or ([] if reader.songs else reader.within)
    ids, songs = dict.fromkeys([*tasks, *outside.ids]), dict.fromkeys([*reader.songs, *outside.songs])
    alone = dict.fromkeys([*reader.alone, *outside.songs])
    return Mentioned(
        tuple(ids), tuple(each for each in songs if each not in ids), tuple(each for each in alone if each not in ids)
    )


class _Reader:
    """Collects finds in lists, in reading order.

    An object with a `task_id` removes what was found inside it: nested tasks are the gateway's own business. This way
    the order of keys does not matter. Songs inside it are its own.
    """

    def __init__(self, depth: int = 0) -> None:
        self._depth = depth
        self.tasks: list[str] = []
        self.weak: list[str] = []  # under a key that may name a task
        self.within: list[str] = []  # in any other text
        self.songs: list[str] = []
        self.alone: list[str] = []  # songs that are in no task that is named
        self._stack = [_Frame("", 0, 0, 0, 0)]

    def read(self, text: str) -> str:
        """The text outside of all brackets; empty if a cut makes that ambiguous."""
        text, tokens = _unescaped(text)
        outside, ended, keyed = [], 0, False
        for token in tokens.finditer(text):
            bracket = token["bracket"]
            if bracket and bracket in "{[":
                if len(self._stack) == 1:
                    outside.append(text[ended : token.start()])
                self._open()
            elif bracket:
                self._close()
                ended = token.end() if len(self._stack) == 1 else ended
            else:
                keyed |= len(self._stack) == 1 and bool(token["colon"])
                self._take(token)
        if len(self._stack) == 1:
            outside.append(text[ended:])
        while self._stack:
            self._finish(self._stack.pop(), whole=False)
        return "" if keyed else "\n".join(outside)

    def _open(self) -> None:
        above = self._stack[-1]
        name, above.key = above.key or above.name, ""
        found = len(self.tasks), len(self.weak), len(self.within), len(self.alone)
        self._stack.append(_Frame(name, *found))

    def _close(self) -> None:
        self._finish(self._stack.pop(), whole=True)
        if not self._stack:  # its beginning was cut off
            self._stack.append(_Frame("", 0, 0, 0, 0))

    def _finish(self, frame: _Frame, *, whole: bool) -> None:
        clip = frame.clip or (frame.status and frame.titled)
        if clip and frame.id:
            self._add_songs(_songs(frame.id))
        if frame.own:
            del (
                self.tasks[frame.tasks :],
                self.weak[frame.weak :],
                self.within[frame.within :],
                self.alone[frame.alone :],
            )
            self.tasks.append(frame.own)
        elif frame.id and frame.status and whole and not clip:
            self.weak += known_forms(frame.id)

    def _take(self, token: re.Match[str]) -> None:
        quoted = token["string"] if token["string"] is not None else token.groupdict().get("pythons")
        value = token["bare"] if quoted is None else quoted
        frame = self._stack[-1]
        if token["colon"] or token["after"]:
            frame.key = _CUT if value.startswith(_CUT) else value[:40].lower().replace("_", "").replace("-", "")
            frame.clip |= frame.key in _CLIP_MARKS
            frame.status |= frame.key == "status"
            frame.titled |= frame.key == "title"
        else:
            key, frame.key = frame.key or frame.name, ""
            if value and (key or len(self._stack) > 1):
                self._value(frame, key, value)

    def _value(self, frame: _Frame, key: str, value: str) -> None:
        if len(value) <= MAX_LENGTH:
            self._short_value(frame, key, value.strip())
        elif value.lstrip()[:1] in ("{", "[") and self._depth < _MAX_DEPTH:
            self._descend(value)
        else:
            self._search_text(key, value)

    def _short_value(self, frame: _Frame, key: str, value: str) -> None:
        if key == _TASK and is_whole(value) and value.lower() not in _NOTHING:
            frame.own = _without_suffix(value)
        elif key == "id":
            frame.id = value
        elif key in _CLIP_IDS:
            self._add_songs(_songs(value))
        elif key in _NAMES and (is_likely(value) or known_forms(value) == [canonical(value)]):
            self.weak.append(canonical(value))
        elif len(value) >= _MIN_LENGTH:
            self._search_text(key, value)

    def _search_text(self, key: str, value: str) -> None:
        if key not in _NO_TASKS and key != _CUT:
            found = find_in_words(value)
            self._add_songs(found.songs)
            self.within += () if key.endswith("url") else found.ids

    def _descend(self, value: str) -> None:
        """Reads JSON within a string."""
        inner = _Reader(self._depth + 1)
        inner.read(value)
        self.tasks += inner.tasks
        self.weak += inner.weak
        self.within += inner.within
        self.songs += inner.songs
        self.alone += inner.alone

    def _add_songs(self, songs: Sequence[str]) -> None:
        self.songs += songs
        self.alone += songs


def _songs(value: str) -> list[str]:
    return [canonical(value)] if is_likely(value) else []


def _without_suffix(value: str) -> str:
    """Without the number that some gateways append for a song of the task."""
    suffixed = _SUFFIX.fullmatch(value)
    return canonical(suffixed[1] if suffixed and known_forms(suffixed[1]) == [canonical(suffixed[1])] else value)


def _unescaped(text: str) -> tuple[str, re.Pattern[str]]:
    """The text before it was quoted, and the pattern of its tokens."""
    for _ in range(_MAX_DEPTH):
        if _KEY.search(text):
            break
        text = text.replace("\\\\", "\\").replace('\\"', '"').replace('"{"', '{"')
        text = _ENDED.sub(r"\1", text)
    key = _KEY.search(text)
    if key and key["quote"] == "'":
        return text, _PYTHON_TOKENS
    return _from_outside(text), _TOKENS


def _from_outside(text: str) -> str:
    """With a quote in front if the text was cut within a string: then more of what follows can be parsed."""
    beginning = text[:_BEGINNING]
    return f'"{_CUT}{text}' if _keys(f'"{beginning}') > _keys(beginning) else text


def _keys(text: str) -> int:
    return sum(bool(token["colon"]) and token["string"].isidentifier() for token in _TOKENS.finditer(text))
