"""What people and servers have set."""

from msgspec import Struct


class PersonSettings(Struct, frozen=True, kw_only=True):
    """`locale` empty: as Discord says. `private`: answers are for them alone, unless they say otherwise."""

    user_id: int
    locale: str = ""
    private: bool = False
    direct: bool = False  # songs come by DM, unless a channel is named
    named: bool = True  # posts and the library say who made or asked for a song


class ServerSettings(Struct, frozen=True, kw_only=True):
    """`roles`: who may watch tasks; empty: everyone."""

    guild_id: int
    locale: str = ""
    channel_id: int | None = None  # where songs go when no channel is named
    roles: tuple[int, ...] = ()
    watches_per_user: int | None = None
    audio: bool = True  # as files, not as links alone
    error_channel_id: int | None = None
    paused: bool = False


class Erased(Struct, frozen=True):
    watches: int  # that they had begun or joined, and that were still open
    lookups: int
    lists: int
    songs: int = 0  # of the library
