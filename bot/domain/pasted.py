"""Task ids in JSON that people paste: a gateway's answer of whatever dialect, whole or cut at either end.

One pass over its tokens, with no more memory than the text itself, and no recursion that the text could deepen.
"""

import re

from bot.domain.id_forms import MAX_LENGTH, Mentioned, canonical, find_in_words, is_likely, is_whole, known_forms

_KEY = re.compile(r"""(?P<quote>["'])[A-Za-z_]\w{0,40}(?P=quote)\s{0,20}+:""")
_CUT_KEY = re.compile(r"""\s{0,100}+\w{0,40}+"\s{0,20}+:""")
_ESCAPED_KEY = re.compile(r"""(?P<quote>["'])[A-Za-z_]\w{0,40}\\{1,8}(?P=quote)\s{0,20}+:""")
_DEEPEST = 3  # times that a JSON text may be quoted within another
_CUT = "\0"  # in front of a key of which only the end is there
_BEGINNING = 4_000  # characters by which it is seen whether a text begins within a string
_LEAST = 6  # characters of what may hold an id
_ENDED = re.compile(r'([}\]])"(?=\s|$)')
_STRING = r'"(?P<string>(?:[^"\\]++|\\.?)*+)"?'
_PYTHONS = r"""|'(?P<pythons>(?:[^'\\]++|\\.?)*+)'?"""
_REST = r"(?P<colon>\s{0,20}+:)?|(?P<bracket>[{}\[\]])|(?P<bare>[^\s\"{}\[\],:]++)(?P<after>\s{0,20}+:)?"
_TOKENS = re.compile(_STRING + _REST, re.DOTALL)
_PYTHON_TOKENS = re.compile(f"(?:{_STRING}{_PYTHONS}){_REST}".replace('[^\\s\\"', "[^\\s\\\"'"), re.DOTALL)

_TASK = "taskid"
# Of tasks, where no `task_id` names any. All names are without what divides their words.
_NAMES = frozenset({"ids", "taskids", "tasks", "task", "data", "result", "taskbatchid"})
_CLIP_IDS = frozenset({"clipid", "songid", "audioid"})
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
    """An object or a list that is not closed yet: where what was found in it begins, and what it says of itself."""

    __slots__ = ("clip", "id", "key", "name", "own", "status", "tasks", "titled", "weak", "within")

    def __init__(self, name: str, tasks: int, weak: int, within: int) -> None:
        self.name = name  # under which it stands itself
        self.key = ""
        self.tasks, self.weak, self.within = tasks, weak, within
        self.own = self.id = ""
        self.clip = self.status = self.titled = False


def is_json(text: str) -> bool:
    """Whether it has JSON in it, or Python's way of writing it."""
    return (_CUT_KEY.match(text) or _KEY.search(text) or _ESCAPED_KEY.search(text)) is not None


def find_in_json(text: str) -> Mentioned:
    """Also in what stands around it. Where nothing is said to be a task's id, whatever looks like one."""
    reader = _Reader()
    outside = find_in_words(reader.read(text))
    tasks = reader.tasks or reader.weak or ([] if reader.songs else reader.within)
    ids, songs = dict.fromkeys([*tasks, *outside.ids]), dict.fromkeys([*reader.songs, *outside.songs])
    return Mentioned(tuple(ids), tuple(each for each in songs if each not in ids))


class _Reader:
    """What is found stands in lists in the order in which it is read.

    An object with a `task_id` strikes out what was found inside of it: the tasks within a task are the gateway's own
    matter. So it does not matter in which order keys come.
    """

    def __init__(self, depth: int = 0) -> None:
        self._depth = depth
        self.tasks: list[str] = []
        self.weak: list[str] = []  # named like tasks
        self.within: list[str] = []  # in whatever texts
        self.songs: list[str] = []
        self._stack = [_Frame("", 0, 0, 0)]

    def read(self, text: str) -> str:
        """What stands outside of all brackets, unless the text is cut so that nobody can tell."""
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
            self._settle(self._stack.pop(), whole=False)
        return "" if keyed else "\n".join(outside)

    def _open(self) -> None:
        above = self._stack[-1]
        name, above.key = above.key or above.name, ""
        self._stack.append(_Frame(name, len(self.tasks), len(self.weak), len(self.within)))

    def _close(self) -> None:
        self._settle(self._stack.pop(), whole=True)
        if not self._stack:  # its beginning was cut off
            self._stack.append(_Frame("", 0, 0, 0))

    def _settle(self, frame: _Frame, *, whole: bool) -> None:
        clip = frame.clip or (frame.status and frame.titled)
        if clip and frame.id:
            self.songs += _songs(frame.id)
        if frame.own:
            del self.tasks[frame.tasks :], self.weak[frame.weak :], self.within[frame.within :]
            self.tasks.append(frame.own)
        elif frame.id and frame.status and whole and not clip:
            self.weak += known_forms(frame.id)

    def _take(self, token: re.Match[str]) -> None:
        quoted = token["string"] if token["string"] is not None else token.groupdict().get("pythons")
        said = token["bare"] if quoted is None else quoted
        frame = self._stack[-1]
        if token["colon"] or token["after"]:
            frame.key = _CUT if said.startswith(_CUT) else said[:40].lower().replace("_", "").replace("-", "")
            frame.clip |= frame.key in _CLIP_MARKS
            frame.status |= frame.key == "status"
            frame.titled |= frame.key == "title"
        else:
            key, frame.key = frame.key or frame.name, ""
            if said and (key or len(self._stack) > 1):
                self._value(frame, key, said)

    def _value(self, frame: _Frame, key: str, said: str) -> None:
        if len(said) <= MAX_LENGTH:
            self._short_value(frame, key, said.strip())
        elif said.lstrip()[:1] in ("{", "[") and self._depth < _DEEPEST:
            self._descend(said)
        else:
            self._look_within(key, said)

    def _short_value(self, frame: _Frame, key: str, said: str) -> None:
        if key == _TASK and is_whole(said) and said.lower() not in _NOTHING:
            frame.own = _without_suffix(said)
        elif key == "id":
            frame.id = said
        elif key in _CLIP_IDS:
            self.songs += _songs(said)
        elif key in _NAMES and (is_likely(said) or known_forms(said) == [canonical(said)]):
            self.weak.append(canonical(said))
        elif len(said) >= _LEAST:
            self._look_within(key, said)

    def _look_within(self, key: str, said: str) -> None:
        if key not in _NO_TASKS and key != _CUT:
            found = find_in_words(said)
            self.songs += found.songs
            self.within += () if key.endswith("url") else found.ids

    def _descend(self, said: str) -> None:
        """JSON as a text within JSON."""
        inner = _Reader(self._depth + 1)
        inner.read(said)
        self.tasks += inner.tasks
        self.weak += inner.weak
        self.within += inner.within
        self.songs += inner.songs


def _songs(said: str) -> list[str]:
    return [canonical(said)] if is_likely(said) else []


def _without_suffix(said: str) -> str:
    """Some gateways number the songs of a task so."""
    suffixed = _SUFFIX.fullmatch(said)
    return canonical(suffixed[1] if suffixed and known_forms(suffixed[1]) == [canonical(suffixed[1])] else said)


def _unescaped(text: str) -> tuple[str, re.Pattern[str]]:
    """As it was before it was quoted, and by which tokens to read it."""
    for _ in range(_DEEPEST):
        if _KEY.search(text):
            break
        text = text.replace("\\\\", "\\").replace('\\"', '"').replace('"{"', '{"')
        text = _ENDED.sub(r"\1", text)
    key = _KEY.search(text)
    if key and key["quote"] == "'":
        return text, _PYTHON_TOKENS
    return _from_outside(text), _TOKENS


def _from_outside(text: str) -> str:
    """With a quote in front of it, if it was cut within a string: then more of what follows makes sense."""
    beginning = text[:_BEGINNING]
    return f'"{_CUT}{text}' if _keys(f'"{beginning}') > _keys(beginning) else text


def _keys(text: str) -> int:
    return sum(bool(token["colon"]) and token["string"].isidentifier() for token in _TOKENS.finditer(text))
