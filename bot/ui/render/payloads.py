"""What the custom_ids of buttons say beside their actions.

The file is long because every payload is here, so that no two of them use the parts of a custom_id differently.
"""

from typing import Protocol, Self

from msgspec import Struct

from bot.errors import NotYours

_MAX_PAGES = 100_000  # a mark has five digits for a page
_MAX_ABOUT = 88  # characters of `about`


class Payload(Protocol):
    """What a custom_id says beside its action. `parse` raises NotYours for what none of our buttons contains."""

    @property
    def about(self) -> str: ...
    @property
    def mark(self) -> str: ...
    @classmethod
    def parse(cls, about: str, mark: str) -> Self: ...


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
        return str(self.page % _MAX_PAGES)

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
        return f"{self.scope}.{self.watch_id}.{self.task_id}"[:_MAX_ABOUT]

    @property
    def mark(self) -> str:
        return str(self.page % _MAX_PAGES)

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
        return str(self.page % _MAX_PAGES)

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
        return str(self.page % _MAX_PAGES)

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
        return f"{self.scope}.{self.by}.{self.find}"[:_MAX_ABOUT]

    @property
    def mark(self) -> str:
        return str(self.page % _MAX_PAGES)

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


def _page(mark: str) -> int:
    return int(mark) if mark.isascii() and mark.isdigit() else 0


def _number(text: str) -> int:
    """A non-negative 64-bit integer. Raises NotYours for anything else, which was forged."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < 2**63):
        raise NotYours
    return int(text)
