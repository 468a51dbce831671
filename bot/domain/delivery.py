"""Messages to be sent to Discord: what they say, their states, and when to try again."""

import hashlib
from base64 import urlsafe_b64encode
from enum import StrEnum

from msgspec import Struct

AUDIO_NOTICE = 60.0  # seconds until people are notified that a finished song has no audio yet
AUDIO_WAIT = 900.0  # seconds until a finished song is posted without its audio
RECHECK = 3_600.0  # seconds between two attempts to post where permissions are missing
CARD_INTERVAL = 15.0  # seconds between two edits of a card that follows progress
MAX_ATTEMPTS = 12  # until a message that fails for an unknown reason is given up, after about five hours
SERVER_ERRORS = 3  # failures after which a message no longer delays those behind it
MANAGERS = "managers"  # instead of song keys: the message tells a server's managers of a blocked channel
_MAX_RETRY_DELAY = 3_600.0


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


# No results: nothing waits for these, and one that can never be sent is dropped.
NOTICES = frozenset({Topic.NO_AUDIO, Topic.QUIET, Topic.LIVE, Topic.BLOCKED, Topic.UNDELIVERED})
RESULTS = (Topic.SONGS, Topic.LYRICS, Topic.FAILED)  # what became of a task


class State(StrEnum):
    WAITING = "waiting"
    BLOCKED = "blocked"  # a permission is missing; tried again when one changes, and hourly
    SENT = "sent"
    KEPT = "kept"  # there is no channel to post it to; /suno watches shows it
    FAILED = "failed"  # Discord refuses it in every form


class Reason(StrEnum):
    """Why a message was not sent, where that is not in Discord's words. Details may follow a colon."""

    NO_AUDIO = "no usable audio yet"
    NO_SHARD = "the server's shard is not connected yet"
    NOT_A_MEMBER = "the bot is no longer in that server"
    RATE_LIMITED = "Discord asks to wait"
    NO_ANSWER = "Discord did not answer in time"
    UNREACHABLE = "Discord cannot be reached"
    FAULT = "an unexpected error"
    DROPPED = "dropped"
    OUTDATED = "outdated"


class Delivery(Struct, frozen=True, kw_only=True):
    """A message to be sent to Discord. `id` is its nonce and part of its buttons: the same message has the same id."""

    id: str
    watch_id: int
    user_id: int  # whose watch it is: each person has a queue in the channel, so that nobody delays another
    channel_id: int
    topic: Topic
    clips: tuple[str, ...] = ()  # keys of the songs in it; none: all of the task; of notices: the songs they are about
    created_at: float  # its position in the person's queue in the channel
    due_at: float
    audio_missing_since: float | None = None  # when its audio was first requested and missing
    host: str = ""  # of its first song, as in the address: a slow host delays only messages with its own songs
    locale: str = ""  # of its reader; empty: the channel's, or in a DM that of the watch's person

    @property
    def to_managers(self) -> bool:
        """For a server's managers, about a channel where nothing can be posted."""
        return MANAGERS in self.clips


def delivery_id(watch_id: int, watched_since: float, topic: Topic, clips: tuple[str, ...] = ()) -> str:
    """12 characters, 72 bits: short enough for a button that also holds the longest task id.

    `watched_since` tells apart watches that have the same number in two databases.
    """
    digest = hashlib.sha256("\0".join((str(watch_id), str(watched_since), topic, *clips)).encode()).digest()
    return urlsafe_b64encode(digest[:9]).decode()


def retry_delay(attempts: int) -> float:
    """Seconds until a message that failed `attempts` times is tried again."""
    return min(5.0 * 2.0 ** max(0, attempts - 1), _MAX_RETRY_DELAY)


def audio_retry_delay(waited: float) -> float:
    """Seconds until missing audio is requested again, after it was missing for `waited` seconds."""
    return max(5.0, min(waited / 2, 120.0))
