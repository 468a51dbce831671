"""Messages owed to Discord: what they say, what becomes of them, and when to try again."""

import hashlib
from base64 import urlsafe_b64encode
from enum import StrEnum

from msgspec import Struct

AUDIO_NOTICE = 60.0  # seconds until people are told that a finished song has no audio yet
AUDIO_WAIT = 900.0  # seconds until a finished song is brought without its audio
RECHECK = 3_600.0  # seconds between two tries to post where the bot may not
MOST_ATTEMPTS = 12  # until a message that fails for no known reason is given up, after about five hours
SERVER_ERRORS = 3  # failures after which a message no longer holds up those behind it
MANAGERS = "managers"  # in place of songs, in what is told of a blocked channel where the server wants to hear it
_LONGEST_REST = 3_600.0


class Topic(StrEnum):
    """What a message says."""

    SONGS = "songs"
    LYRICS = "lyrics"
    FAILED = "failed"
    NO_AUDIO = "no_audio"
    QUIET = "quiet"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    LIVE = "live"
    BLOCKED = "blocked"
    UNDELIVERED = "undelivered"


# Said on the way to what was asked for: nobody waits for these, and those that can never go are dropped.
NOTICES = frozenset({Topic.NO_AUDIO, Topic.QUIET, Topic.LIVE, Topic.BLOCKED, Topic.UNDELIVERED})


class State(StrEnum):
    WAITING = "waiting"
    BLOCKED = "blocked"  # a permission is missing; tried again when one changes, and hourly
    SENT = "sent"
    KEPT = "kept"  # there is nowhere to bring it; /suno watches shows it
    FAILED = "failed"  # Discord refuses it, whatever is done


class Delivery(Struct, frozen=True, kw_only=True):
    """One message owed to Discord. `id` is its nonce, and stands in its buttons: the same message has the same one."""

    id: str
    watch_id: int
    user_id: int  # whose watch it is: in a channel nobody's messages hold up another one's
    channel_id: int
    topic: Topic
    clips: tuple[str, ...] = ()  # keys of the songs that it brings, none: all of the task; of notices: what about
    created_at: float  # its place in the person's line in the channel
    due_at: float
    audio_missing_since: float | None = None  # when its audio was first looked for, and was not there
    host: str = ""  # of its first song, as in the address: those of a slow host wait for each other alone
    locale: str = ""  # of who reads it, where that is neither the place nor the watch's person

    @property
    def to_managers(self) -> bool:
        """To those who manage the server, of what cannot be posted there."""
        return MANAGERS in self.clips


def delivery_id(watch_id: int, watched_since: float, topic: Topic, clips: tuple[str, ...] = ()) -> str:
    """12 characters, 72 bits: with them the longest task id still fits into a button.

    `watched_since` tells watches apart whose numbers are the same in two databases.
    """
    digest = hashlib.sha256("\0".join((str(watch_id), str(watched_since), topic, *clips)).encode()).digest()
    return urlsafe_b64encode(digest[:9]).decode()


def retry_delay(attempts: int) -> float:
    """Seconds until a message that failed `attempts` times is tried again."""
    return min(5.0 * 2.0 ** max(0, attempts - 1), _LONGEST_REST)


def audio_retry_delay(waited: float) -> float:
    """Seconds until audio that was not there is looked for again, after `waited` seconds of that."""
    return max(5.0, min(waited / 2, 120.0))
