"""The actions of buttons, and their payloads. Everything is in the custom_id, so buttons work after a restart.

A custom_id is `s1:<action>:<mark>:<about>`, 100 characters at most. `about` is the action's subject, such as a task id;
`mark`, 12 characters at most, is whatever else it needs, such as a page. Messages exist for years: an action keeps its
two letters and its meaning, and custom_ids of older versions are still understood.
"""

import re
from typing import Any, Generic, TypeVar

from msgspec import Struct

from bot.errors import NotYours
from bot.ui.render.payloads import (
    ChannelPayload,
    ChartPayload,
    ChoicePayload,
    ClipPayload,
    DeliveryPayload,
    LibraryPayload,
    LibrarySongPayload,
    ListedOrderPayload,
    ListedWatchPayload,
    NewOrderPayload,
    NoPayload,
    NotifyPayload,
    OrderPayload,
    PagePayload,
    Payload,
    PlaylistSongPayload,
    SettingPayload,
    SongPayload,
    SwitchPayload,
    TaskPayload,
    WatchPayload,
)

P = TypeVar("P", bound=Payload)

CUSTOM_ID = re.compile(r"s1:(?P<action>[a-z]{2}):(?P<mark>[\w-]{1,12}):(?P<about>.+)", re.DOTALL)


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
PLAYLISTS_PAGE = _action("pl", PagePayload)
PLAYLIST_OPEN = _action("po", PagePayload, "📂", "btn.open_playlist")
PLAYLIST_ZIP = _action("pz", PagePayload, "📦", "btn.zip")
ADMIN_PLAYLISTS = _action("ay", NoPayload, "🎶", "btn.playlist_switch")
_OF_A_TASK = (TaskPayload, ClipPayload, SongPayload, NotifyPayload, ListedWatchPayload)


def custom_id(code: str, about: str, mark: str) -> str:
    return f"s1:{code}:{mark}:{about}"


def task_in(text: str) -> str:
    """The task id in a custom_id of ours; empty if there is none."""
    found = CUSTOM_ID.fullmatch(text)
    if found and ACTIONS.get(found["action"]) is LYRICS_PAGE:
        return found["about"]
    payload = _payload_in(text)
    return payload.task_id if isinstance(payload, _OF_A_TASK) else ""


def song_in(text: str) -> int | None:
    """The number in the library of the song in a custom_id of ours."""
    payload = _payload_in(text)
    return payload.song_id if isinstance(payload, LibrarySongPayload) else None


def _payload_in(text: str) -> Payload | None:
    found = CUSTOM_ID.fullmatch(text)
    action = ACTIONS.get(found["action"]) if found else None
    if found is None or action is None:
        return None
    try:
        payload: Payload = action.payload.parse(found["about"], found["mark"])
    except NotYours:
        return None
    return payload
