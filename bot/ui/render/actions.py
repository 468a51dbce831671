"""The actions of buttons, and their payloads. Everything is in the custom_id, so buttons work after a restart.

A custom_id is `s1:<action>:<mark>:<about>`, 100 characters at most. `about` is the action's subject, such as a task id;
`mark`, 12 characters at most, is whatever else it needs, such as a page. Messages exist for years: an action keeps its
two letters and its meaning, and custom_ids of older versions are still understood. The file is long because every
payload is here, so that no two of them use the parts of a custom_id differently.
"""

import re
from typing import Any, Generic, Protocol, Self, TypeVar

from msgspec import Struct

from bot.errors import NotYours

CUSTOM_ID = re.compile(r"s1:(?P<action>[a-z]{2}):(?P<mark>[\w-]{1,12}):(?P<about>.+)", re.DOTALL)
_PAGES = 100_000  # a mark has five digits for a page
_LONGEST = 88  # characters of `about`


class Payload(Protocol):
    """What a custom_id says beside its action. `parse` raises NotYours for what none of our buttons contains."""

    @property
    def about(self) -> str: ...
    @property
    def mark(self) -> str: ...
    @classmethod
    def parse(cls, about: str, mark: str) -> Self: ...


P = TypeVar("P", bound=Payload)


class NoPayload(Struct, frozen=True):
    """The action needs nothing but the person and the channel."""

    about: str = "me"
    mark: str = "0"

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        return cls(about, mark)


class TaskPayload(Struct, frozen=True):
    """`language`: the card's, which stays whoever presses; empty: unknown. `delivery_id`: of the post."""

    task_id: str
    language: str = ""
    delivery_id: str = ""

    @property
    def about(self) -> str:
        return self.task_id

    @property
    def mark(self) -> str:
        return self.delivery_id or f"0-{self.language}".rstrip("-")

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        number, _, language = mark.partition("-")
        return cls(about, language) if number == "0" else cls(about, delivery_id=mark)


class ClipPayload(Struct, frozen=True):
    """One thing of one song of a task: `number` counts its songs from 1."""

    task_id: str
    what: str
    number: int

    @property
    def about(self) -> str:
        return self.task_id

    @property
    def mark(self) -> str:
        return f"{self.what}-{self.number}"

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        what, _, number = mark.partition("-")
        return cls(about, what, _number(number))


class NotifyPayload(Struct, frozen=True):
    """`on_answer`: the button is on a private answer, and toggles there; elsewhere many people see it."""

    task_id: str
    on_answer: bool = False

    @property
    def about(self) -> str:
        return self.task_id

    @property
    def mark(self) -> str:
        return str(int(self.on_answer))

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        return cls(about, mark == "1")


class PagePayload(Struct, frozen=True):
    """A page, counted from 0, of a task's lyrics or of a list; `about`: the task's id, or the list's name or id."""

    about: str
    page: int = 0

    @property
    def mark(self) -> str:
        return str(self.page % _PAGES)

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        return cls(about, _page(mark))


class WatchPayload(Struct, frozen=True):
    watch_id: int
    mark: str = "0"

    @property
    def about(self) -> str:
        return str(self.watch_id)

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        return cls(_number(about), mark)


class ChannelPayload(Struct, frozen=True):
    channel_id: int
    mark: str = "0"

    @property
    def about(self) -> str:
        return str(self.channel_id)

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        return cls(_number(about), mark)


class ListedWatchPayload(Struct, frozen=True):
    """A watch on a page of a list. `scope`: whose list; `task_id`: for the message menus, truncated if it is long."""

    scope: str
    watch_id: int
    task_id: str = ""
    page: int = 0

    @property
    def about(self) -> str:
        return f"{self.scope}.{self.watch_id}.{self.task_id}"[:_LONGEST]

    @property
    def mark(self) -> str:
        return str(self.page % _PAGES)

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        scope, _, named = about.partition(".")
        watch_id, _, task_id = named.partition(".")
        return cls(scope, _number(watch_id), task_id, _page(mark))


class SettingPayload(Struct, frozen=True):
    name: str
    value: str
    mark: str = "0"

    @property
    def about(self) -> str:
        return f"{self.name}-{self.value}"

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        name, _, value = about.partition("-")
        return cls(name, value, mark)


class ChoicePayload(Struct, frozen=True):
    """One of several choices: an answer to a question, a language, a field of a panel."""

    choice: str
    mark: str = "0"

    @property
    def about(self) -> str:
        return self.choice

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        return cls(about, mark)


class DeliveryPayload(Struct, frozen=True):
    """A delivery on a page of a server's list. `state`: the list's filter; `delivery_id` 0: the page itself."""

    state: str
    delivery_id: str = "0"
    page: int = 0

    @property
    def about(self) -> str:
        return f"{self.state}.{self.delivery_id}"

    @property
    def mark(self) -> str:
        return str(self.page % _PAGES)

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        state, _, delivery_id = about.partition(".")
        return cls(state, delivery_id, _page(mark))


class OrderPayload(Struct, frozen=True):
    order_id: str
    mark: str = "0"

    @property
    def about(self) -> str:
        return self.order_id

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        return cls(about, mark)


class NewOrderPayload(Struct, frozen=True):
    """What was chosen with the command: `channel_id` 0 and `model` empty where nothing was."""

    channel_id: int
    voice: str
    model: str
    mark: str = "0"

    @property
    def about(self) -> str:
        return f"{self.channel_id}.{self.voice}.{self.model}"

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        channel_id, _, chosen = about.partition(".")
        voice, _, model = chosen.partition(".")
        return cls(_number(channel_id), voice, model, mark)


class ListedOrderPayload(Struct, frozen=True):
    """An order on a page of a list. `scope`: whose list."""

    scope: str
    order_id: str
    page: int = 0

    @property
    def about(self) -> str:
        return f"{self.scope}.{self.order_id}"

    @property
    def mark(self) -> str:
        return str(self.page % _PAGES)

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        scope, _, order_id = about.partition(".")
        return cls(scope, order_id, _page(mark))


class SwitchPayload(Struct, frozen=True):
    """The new state rather than "toggle", so that two presses at once do not cancel out."""

    on: bool
    about: str = "server"

    @property
    def mark(self) -> str:
        return str(int(self.on))

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        return cls(mark == "1", about)


class SongPayload(Struct, frozen=True):
    """A song of a task: `number` counts from 1; 0: any."""

    task_id: str
    number: int = 0

    @property
    def about(self) -> str:
        return self.task_id

    @property
    def mark(self) -> str:
        return str(self.number)

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        return cls(about, _page(mark))


class LibraryPayload(Struct, frozen=True):
    """A page, counted from 0, of what somebody looks for in the library. `by`: a maker, 0: any."""

    scope: str
    by: int = 0
    find: str = ""  # of 60 characters at most
    page: int = 0

    @property
    def about(self) -> str:
        return f"{self.scope}.{self.by}.{self.find}"[:_LONGEST]

    @property
    def mark(self) -> str:
        return str(self.page % _PAGES)

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        scope, _, rest = about.partition(".")
        by, _, find = rest.partition(".")
        return cls(scope, _number(by), find, _page(mark))


class LibrarySongPayload(Struct, frozen=True):
    """A song by its number in the library. `step`: of a question about it."""

    song_id: int
    step: str = "0"

    @property
    def about(self) -> str:
        return str(self.song_id)

    @property
    def mark(self) -> str:
        return self.step

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        return cls(_number(about), mark)


class ChartPayload(Struct, frozen=True):
    """`mark`: the id of the chart's post, which identifies its message."""

    mark: str
    about: str = "library"

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        return cls(mark, about)


class PlaylistSongPayload(Struct, frozen=True):
    """A song of the library, for a playlist."""

    song_id: int
    playlist_id: int
    mark: str = "0"

    @property
    def about(self) -> str:
        return f"{self.song_id}.{self.playlist_id}"

    @classmethod
    def parse(cls, about: str, mark: str) -> Self:
        song_id, _, playlist_id = about.partition(".")
        return cls(_number(song_id), _number(playlist_id), mark)


class Action(Struct, Generic[P], frozen=True):
    """`code`: two letters; `label`: the key of the button's text; empty: each button has its own."""

    code: str
    payload: type[P]
    emoji: str = ""
    label: str = ""


ACTIONS: dict[str, Action[Any]] = {}
"""All actions, by code."""


def _action(code: str, payload: type[P], emoji: str = "", label: str = "") -> Action[P]:
    action = Action(code, payload, emoji, label)
    ACTIONS[code] = action
    return action


REFRESH = _action("rf", TaskPayload, "🔄", "btn.refresh")
LYRICS = _action("ly", TaskPayload, "📝", "btn.lyrics")
LYRICS_PAGE = _action("lp", PagePayload)
LYRICS_FILE = _action("lf", TaskPayload, "📄", "btn.file")
AUDIO = _action("au", TaskPayload, "⬇️", "btn.audio")
DETAILS = _action("dt", TaskPayload, "ℹ️", "btn.details")
EXTRA = _action("xt", ClipPayload)
NOTIFY = _action("nf", NotifyPayload, "🔔", "btn.notify")
STOP = _action("st", WatchPayload, "🔕", "btn.stop")
CHECK = _action("ck", ChannelPayload, "🔁", "btn.check")
LIST_PAGE = _action("wp", PagePayload)
LIST_STOP = _action("ws", ListedWatchPayload, "🔕", "btn.stop")
LIST_SHOW = _action("wd", ListedWatchPayload, "🎵", "btn.show")
BATCH_PAGE = _action("bp", PagePayload)
BATCH_REFRESH = _action("br", PagePayload, "🔄", "btn.refresh")
BATCH_WATCH = _action("bw", PagePayload, "🔔", "btn.watch_unfinished")
BATCH_CSV = _action("bc", PagePayload, "📄", "btn.csv")
BATCH_ZIP = _action("bz", PagePayload, "📦", "btn.zip")
BATCH_OPEN = _action("bo", TaskPayload)
SETTING = _action("se", SettingPayload)
EXPORT = _action("ex", NoPayload, "📤", "btn.export")
DELETE = _action("de", ChoicePayload, "🗑️", "btn.delete")
PICK = _action("pk", ChoicePayload)
ADMIN_LANGUAGE = _action("al", ChoicePayload)
ADMIN_AUDIO = _action("aa", NoPayload, "🎧", "btn.audio_switch")
ADMIN_LIMIT = _action("am", NoPayload, "🔢", "btn.limit")
ADMIN_TEST = _action("at", NoPayload, "🧪", "btn.test")
ADMIN_PAGE = _action("ap", DeliveryPayload)
ADMIN_RETRY = _action("ar", DeliveryPayload, "🔁", "btn.retry")
ADMIN_DROP = _action("ad", DeliveryPayload, "🗑️", "btn.drop")
CREATE_DESCRIBE = _action("cd", NewOrderPayload, "💬", "btn.describe")
CREATE_OWN = _action("co", NewOrderPayload, "📝", "btn.own_lyrics")
ORDER_PLACE = _action("op", OrderPayload, "🎵", "btn.create")
ORDER_LOOK = _action("ok", OrderPayload, "🔄", "btn.refresh")
ORDER_EDIT = _action("oe", OrderPayload, "✏️", "btn.edit")
ORDER_CANCEL = _action("oc", OrderPayload, "✖️", "btn.cancel")
ORDER_WITHDRAW = _action("ow", ListedOrderPayload, "✖️", "btn.cancel")
ORDER_AGAIN = _action("oa", ListedOrderPayload, "✏️", "btn.edit_again")
ORDER_TWICE = _action("oz", ListedOrderPayload, "🔁", "btn.order_twice")
ORDER_FOUND = _action("of", ListedOrderPayload, "🔎", "btn.its_id")
ORDER_FREE = _action("og", ListedOrderPayload, "↩️", "btn.not_charged")
ORDER_LOST = _action("ol", ListedOrderPayload, "💸", "btn.charged_lost")
ORDER_APPROVE = _action("oy", ListedOrderPayload, "✅", "btn.approve")
ORDER_DECLINE = _action("on", ListedOrderPayload, "⛔", "btn.decline")
ORDER_TUNE = _action("ou", OrderPayload, "🎚️", "btn.tune")
SONG_AGAIN = _action("sa", SongPayload, "🔂", "btn.again")
SONG_EXTEND = _action("sx", SongPayload, "⏩", "btn.extend")
SONG_COVER = _action("sc", SongPayload, "🎭", "btn.cover")
SONG_OF_LYRICS = _action("sm", SongPayload, "🎵", "btn.make_song")
SONG_EDIT = _action("sw", SongPayload, "✏️", "btn.edit")
SONG_RETRY = _action("sr", SongPayload, "✏️", "btn.edit_again")
ORDERS_PAGE = _action("ot", PagePayload)
CREATION_SWITCH = _action("cs", SwitchPayload)
CREATION_APPROVAL = _action("ca", SwitchPayload)
CREATION_NUMBERS = _action("cn", NoPayload, "🔢", "btn.numbers")
CREATION_MODELS = _action("cm", NoPayload, "🎛️", "btn.models")
CREATION_PEOPLE = _action("cp", NoPayload, "👥", "btn.people")
STAR = _action("fv", SongPayload, "⭐")
LIBRARY_PAGE = _action("ib", LibraryPayload)
LIBRARY_ZIP = _action("iz", LibraryPayload, "📦", "btn.zip")
LIBRARY_OPEN = _action("io", LibrarySongPayload, "▶️", "btn.play")
LIBRARY_STAR = _action("is", LibrarySongPayload, "⭐")
LIBRARY_LYRICS = _action("il", LibrarySongPayload, "📝", "btn.lyrics")
LIBRARY_LYRICS_PAGE = _action("im", PagePayload)
LIBRARY_REMOVE = _action("ir", LibrarySongPayload, "🗑️", "btn.remove_song")
CHART_SWITCH = _action("hs", SwitchPayload)
CHART_PREVIEW = _action("hp", NoPayload, "👀", "btn.preview")
CHART_LIBRARY = _action("hl", ChartPayload, "🎶", "btn.library")
LIBRARY_ADD = _action("ia", LibrarySongPayload, "➕", "btn.to_playlist")
TAKES = _action("tk", SongPayload, "📌", "btn.takes")
TAKE = _action("tc", SongPayload)
LIBRARY_TAKE = _action("it", LibrarySongPayload, "📌")
PLAYLIST_ADD = _action("pa", PlaylistSongPayload)
PLAYLIST_NEW = _action("pn", LibrarySongPayload, "🆕", "btn.new_playlist")
PLAYLIST_PAGE = _action("pp", PagePayload)
PLAYLIST_OPEN = _action("po", PagePayload, "📂", "btn.open_playlist")
PLAYLIST_ZIP = _action("pz", PagePayload, "📦", "btn.zip")
ADMIN_PLAYLISTS = _action("ay", NoPayload, "🎶", "btn.playlist_switch")
_OF_A_TASK = (TaskPayload, ClipPayload, SongPayload, NotifyPayload, ListedWatchPayload)


def custom_id(code: str, about: str, mark: str) -> str:
    return f"s1:{code}:{mark}:{about}"


def task_in(text: str) -> str:
    """The task id in a custom_id of ours; empty if there is none."""
    found = CUSTOM_ID.fullmatch(text)
    action = ACTIONS.get(found["action"]) if found else None
    if found is None or action is None:
        return ""
    if action is LYRICS_PAGE:
        return found["about"]
    try:
        payload = action.payload.parse(found["about"], found["mark"])
    except NotYours:
        return ""
    return payload.task_id if isinstance(payload, _OF_A_TASK) else ""


def _page(mark: str) -> int:
    return int(mark) if mark.isascii() and mark.isdigit() else 0


def _number(text: str) -> int:
    """A non-negative 64-bit integer. Raises NotYours for anything else, which was forged."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < 2**63):
        raise NotYours
    return int(text)
