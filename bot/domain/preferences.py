"""The settings of people and servers."""

from msgspec import Struct


class PersonSettings(Struct, frozen=True, kw_only=True):
    """`locale` empty: the language set in Discord. `private`: only they see answers, unless they choose otherwise."""

    user_id: int
    locale: str = ""
    private: bool = False
    direct: bool = False  # songs come by DM, unless a channel is given
    named: bool = True  # posts and the library say who made or requested a song


class ServerSettings(Struct, frozen=True, kw_only=True):
    """`roles`: who may watch tasks; empty: everyone."""

    guild_id: int
    locale: str = ""
    channel_id: int | None = None  # where songs go if no channel is given
    roles: tuple[int, ...] = ()
    watches_per_user: int | None = None
    audio: bool = True  # as files, not only as links
    error_channel_id: int | None = None
    paused: bool = False
    open_playlists: bool = False  # everyone may change the server's playlists, not only its managers


class Erased(Struct, frozen=True):
    watches: int  # open ones that the person had started or joined
    lookups: int
    lists: int  # of tasks and of songs
    songs: int = 0  # of the library
