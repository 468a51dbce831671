"""The library: songs that the bot posted or showed, to be found again."""

from collections.abc import Collection
from enum import StrEnum

from msgspec import Struct

from bot.domain.task import Task

SONGS_OF_LEFT_SERVERS = 30 * 86_400.0  # seconds for which they are kept: the bot may be invited again
_MAX_TITLE, _MAX_STYLE = 200, 1_000  # characters
_MAX_LYRICS = 20_000  # those of Suno have 5,000 at most


class Scope(StrEnum):
    MINE = "mine"  # what I made or asked for, and what was shown to me alone
    HERE = "here"
    SERVER = "server"
    STARRED = "starred"  # by me


class PostedAt(Struct, frozen=True, kw_only=True):
    """Where the message with a song is. `guild_id` 0: in no server that the bot is in; `message_id` 0: it cannot be
    read again, or was deleted.

    `owner_id`: who alone may find the song, 0: whoever may view the channel. `parent_id`: the channel whose permissions
    say who may view this one: that of a thread, else itself; 0: not known. `restricted`: a private thread, which only
    some may view who may view its channel.
    """

    guild_id: int = 0
    channel_id: int
    parent_id: int
    restricted: bool = False
    message_id: int = 0
    owner_id: int = 0

    @property
    def group(self) -> "ChannelGroup":
        alone = self.restricted or not self.parent_id
        return ChannelGroup(self.guild_id, self.channel_id if alone else 0, self.parent_id, self.restricted)

    @property
    def link(self) -> str:
        """To the message; empty where there is none."""
        place = f"https://discord.com/channels/{self.guild_id or '@me'}/{self.channel_id}"
        return f"{place}/{self.message_id}" if self.message_id else ""


class Song(Struct, frozen=True, kw_only=True):
    """One song of a task. `number`: its place in it, from 1; `user_id`: who asked for it.

    `maker_id`: who ordered it, 0: not known, or not to be told there; `chosen`: its maker has chosen it among the takes
    of its task; `folded`: or another of them.
    """

    id: int = 0  # given by the store
    task_id: str
    number: int
    clip_id: str
    gateway: str
    user_id: int
    title: str
    style: str
    duration: float | None = None  # seconds
    posted_at: float
    maker_id: int = 0
    folded: bool = False
    chosen: bool = False
    place: PostedAt

    @property
    def person_id(self) -> int:
        """Who made it; if that is not known, who asked for it."""
        return self.maker_id or self.user_id


class NewSong(Struct, frozen=True, kw_only=True):
    """A song that is to be found from now on. `newest`: its message stands for those before it in the channel."""

    song: Song
    lyrics: str
    newest: bool


class FoundSong(Struct, frozen=True, kw_only=True):
    """`maker_named`: whether others may be told whose it is; `starred`: by who asks."""

    song: Song
    stars: int
    starred: bool
    maker_named: bool


class FoundSongs(Struct, frozen=True):
    """A page of `count` songs."""

    count: int
    songs: tuple[FoundSong, ...]


class PastPost(Struct, frozen=True, kw_only=True):
    """A post of songs from before there was a library. `lyrics`: those that were requested with the song; `guild_id` 0:
    it went into a DM.
    """

    seq: int
    task: Task
    gateway: str
    clips: tuple[str, ...]
    lyrics: str
    user_id: int
    guild_id: int
    channel_id: int
    message_id: int
    sent_at: float


class TakeStars(Struct, frozen=True):
    """What the post of a song shows. `message_id`: its newest post in that channel."""

    stars: int
    clip_id: str
    folded: bool
    chosen: bool
    message_id: int


class CountedMessage(Struct, frozen=True):
    """A message whose buttons show stars. `due_at`: since when it has to be edited."""

    channel_id: int
    message_id: int
    due_at: float


class ChannelGroup(Struct, frozen=True, order=True):
    """Channels that the same people may view: `parent_id` with its public threads (`channel_id` is 0), or a single
    private thread, or a single channel of which nothing more is known (`parent_id` is 0).
    """

    guild_id: int
    channel_id: int
    parent_id: int
    restricted: bool


class SongQuery(Struct, frozen=True, kw_only=True):
    """What somebody wants to find. `viewable`: the groups of channels that they may view now; `by`: a maker, 0: any.

    `guild_id`, `channel_id`: where they ask, 0 for none.
    """

    user_id: int
    scope: Scope
    find: str = ""
    by: int = 0
    guild_id: int = 0
    channel_id: int = 0
    viewable: Collection[ChannelGroup] = ()


class Posting(Struct, frozen=True, kw_only=True):
    """How songs of a task were posted or shown. `lyrics`: those that went with them, instead of the clips' own."""

    place: PostedAt
    gateway: str
    user_id: int
    at: float
    newest: bool
    lyrics: str = ""


def songs_of(task: Task, keys: Collection[str], posting: Posting) -> list[NewSong]:
    """The finished clips with these keys; without keys: all."""
    found = []
    for number, (key, clip) in enumerate(task.keyed(), 1):
        if not clip.playable or (keys and key not in keys):
            continue
        song = Song(
            task_id=task.id,
            number=number,
            clip_id=clip.id,
            gateway=posting.gateway,
            user_id=posting.user_id,
            title=_storable(clip.title or task.title, _MAX_TITLE),
            style=_storable(clip.style, _MAX_STYLE),
            duration=clip.duration,
            posted_at=posting.at,
            place=posting.place,
        )
        lyrics = _storable(posting.lyrics or clip.lyrics, _MAX_LYRICS)
        found.append(NewSong(song=song, lyrics=lyrics, newest=posting.newest))
    return found


def _storable(text: str, longest: int) -> str:
    """No database takes half of a surrogate pair, and not every one NUL."""
    return text[:longest].replace("\0", "").encode("utf-8", "ignore").decode("utf-8")
