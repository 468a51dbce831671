"""Playlists of people and of servers: their names and limits. Pure."""

import unicodedata

from msgspec import Struct

MAX_SONGS = 60  # in a playlist: as many as one archive holds
MAX_OF_PERSON = 20
MAX_OF_SERVER = 50
LONGEST_NAME = 60  # characters
_JOINERS = "\u200c\u200d"
_BLANKS = "\u115f\u1160\u2800\u3164\uffa0"  # letters by their category, but nobody sees them


class Playlist(Struct, frozen=True, kw_only=True):
    """Of a person (`owner_id`) or of a server (`guild_id`); the other one is 0. `user_id`: who made it.

    `posted`: whoever sees its post may open it. `count`: songs, also those that not everybody may view.
    """

    id: int = 0  # given by the store
    owner_id: int = 0
    guild_id: int = 0
    user_id: int
    name: str
    posted: bool = False
    count: int = 0

    def is_for(self, user_id: int, guild_id: int) -> bool:
        """Whether somebody in that server (0: in none) may see its name and open it."""
        return self.posted or self.owner_id == user_id or (self.guild_id != 0 and self.guild_id == guild_id)


def clean_name(typed: str) -> str:
    """Printable and on one line; empty if nothing is left. `#` at the beginning would look like a number of ours.

    Joiners stay: emoji such as 👩‍🎤 and Persian need them.
    """
    printable = "".join(each if _is_shown(each) else " " for each in typed[: 10 * LONGEST_NAME])
    return " ".join(printable.split()).lstrip(f"# {_JOINERS}")[:LONGEST_NAME].strip(f" {_JOINERS}")


def _is_shown(char: str) -> bool:
    return char in _JOINERS or (char.isprintable() and char not in _BLANKS)


def plain_name(name: str) -> str:
    """Equal for names that people take for the same."""
    visible = "".join(each for each in clean_name(name) if each not in _JOINERS)
    return unicodedata.normalize("NFKC", visible).casefold()


def reference(playlist_id: int) -> str:
    """What a chosen suggestion stands for."""
    return f"#{playlist_id}"


def referred(text: str) -> int:
    """The id in a reference; 0: it is a name."""
    number = text.strip().removeprefix("#")
    is_reference = text.strip().startswith("#") and number.isascii() and number.isdigit() and len(number) < 16
    return int(number) if is_reference else 0
