"""All errors of the bot, as a tree. Those with a * are TellableErrors: people can be told of them.

    BotError
    ├── SettingsError            the settings are invalid; lists every fault
    ├── StorageError*            the database cannot be used
    │   ├── DatabaseInUse        by another process
    │   └── LeadershipLost       another process leads by now, or may do so
    ├── CommandFailed            what an operator typed on the command line could not be done
    ├── DiscordUnreachable       Discord does not answer
    ├── InvalidTaskId*           the typed text is not a task id
    ├── UnknownTask*             no gateway knows the id
    ├── UnknownClip*             the task has fewer songs
    ├── UnreadableFile*          a file that holds no text
    ├── UnreadableNumber*        what was typed is not a whole number from 1 up
    ├── UnreadableMoment*        what was typed is no moment of a song
    ├── UnreadableWeight*        what was typed is no number from 0 to 100
    ├── NotContinuable*          nothing can be made from that task
    ├── ListGone*                a list of tasks that is too old, or never existed
    ├── OrderGone*               an order of somebody else, or one that was deleted or has changed its state
    ├── NotAllowed*              the person may not use the bot there
    ├── TooManyRequests*         of one person; `retry_after` in seconds
    ├── TooManyLists*            a person waits for several lists already
    ├── NotInLibrary*            the song was removed, or the person may not view it any more
    ├── NotTheMaker*             only who made a song may choose one of its takes
    ├── PlaylistRefused*         something about a playlist is not possible
    ├── NotYours*                it belongs to somebody else
    ├── UnknownButton*           of another version of the bot, or unknown
    ├── UnwatchablePlace*        songs cannot be posted in that channel for this person
    ├── Unmentionable*           the person may not mention that person or role
    ├── GatewayError*            a gateway gave no usable answer; says nothing about the task
    │   ├── GatewayUnreachable   no answer: refused, unknown host, TLS, time-out, cut off
    │   ├── GatewayBusy          429, 503: later, perhaps after `retry_after` seconds
    │   ├── GatewayBroken        5xx, an empty or cut body, an answer of an unknown shape
    │   ├── GatewayRefused       401, 403: about the key, never about the task
    │   └── GatewayMisplaced     a web page or a redirect: there is no Suno gateway at this base URL
    ├── ExtraNotOffered*         a gateway has no timing, WAV or video of a song
    ├── ExtraNotReady*           the gateway is still making it
    ├── ArchiveBusy*             a person, or too many people, wait for a ZIP already
    ├── MediaError*              a song's file or cover cannot be downloaded
    │   ├── MediaUnavailable     refused, gone, time-out, cut off
    │   │   └── MediaSlow        its host is too slow, or has too many of our requests already
    │   ├── MediaNoRoom          there is no space for it on the disk right now
    │   ├── MediaForbidden       the bot may not request its address
    │   ├── MediaTooBig          larger than `limit` bytes
    │   └── MediaUnrecognised    its bytes are no known audio or picture
    └── PostError                Discord did not accept a message; bot/domain/discord_errors.py decides what to do

An id that a gateway does not know is not an error: `Answer.missing` lists it.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from types import MappingProxyType
from typing import Literal

_EXAMPLE = "5f0c1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b"  # of a task id


class BotError(Exception):
    """The root of the tree: its text is for the log, never for people."""


class TellableError(BotError):
    """An error that people can be told of: `key` names a text in the locales, `values` fill its braces.

    Strings in the values come from strangers, and are escaped where they are shown; a timedelta counts from now.
    """

    key = ""
    values: Mapping[str, object] = MappingProxyType({})


class SettingsError(BotError):
    """`faults`: one sentence per faulty setting, without its value."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class StorageError(TellableError):
    key = "err.storage"


class DatabaseInUse(StorageError):
    pass


class LeadershipLost(StorageError):
    pass


class CommandFailed(BotError):
    """What an operator asked for on the command line could not be done; the message says why, and what to do."""


class DiscordUnreachable(BotError):
    pass


class InvalidTaskId(TellableError):
    """`count`: the number of ids in `text`, for "many"; otherwise its length in characters.

    "none": a message or a file without an id; "write": a text to the bot without an id; "song": only the id of a song,
    in a link; "words": several words, none of which looks like an id.
    """

    def __init__(
        self, why: Literal["empty", "long", "many", "odd", "none", "write", "song", "words"], text: str, count: int
    ) -> None:
        super().__init__(f"{why}: {count}")
        self.why = why
        self.key = f"id.{why}"
        self.values = {"id": text, "n": count, "example": _EXAMPLE}


class UnknownTask(TellableError):
    key = "id.unknown"

    def __init__(self, task_id: str) -> None:
        super().__init__(task_id)
        self.values = {"id": task_id}


class UnknownClip(TellableError):
    key = "clip.none"

    def __init__(self, number: int, count: int) -> None:
        super().__init__(f"{number} of {count}")
        self.values = {"clip": number, "n": count}


class UnreadableFile(TellableError):
    """`why`: the file is too large, of another type, or has no lyrics."""

    def __init__(self, why: Literal["large", "kind", "lyrics"], name: str) -> None:
        super().__init__(f"{why}: {name}")
        self.key = f"file.{why}"
        self.values = {"name": name}


class UnreadableNumber(TellableError):
    """The text is not a whole number from 1 up."""

    key = "admin.limit_odd"

    def __init__(self, typed: str) -> None:
        super().__init__(typed)
        self.values = {"typed": typed}


class UnreadableMoment(TellableError):
    """Something else was typed than a moment of a song."""

    key = "create.odd_moment"

    def __init__(self, typed: str) -> None:
        super().__init__(typed)
        self.values = {"typed": typed}


class UnreadableWeight(TellableError):
    """Something else was typed than a number from 0 to 100, or nothing."""

    key = "create.odd_weight"

    def __init__(self, typed: str) -> None:
        super().__init__(typed)
        self.values = {"typed": typed}


class NotContinuable(TellableError):
    """`why`: it made no songs, or not yet, or the gateway gave the song no id, or does no covers, or what was written
    for it is somebody else's.
    """

    def __init__(self, why: Literal["no_song", "unfinished", "no_id", "no_covers", "private"]) -> None:
        super().__init__(why)
        self.key = f"create.from.{why}"


class ListGone(TellableError):
    """A list of tasks that is too old, or never existed."""

    key = "batch.forgotten"


class OrderGone(TellableError):
    """The order belongs to somebody else, does not exist any more, or has changed its state."""

    key = "create.gone"


class NotAllowed(TellableError):
    """`why`: not a member of the bot's servers; unknown whether they are one (Discord does not say, or there are too
    many servers to check); not listed; nobody is allowed; or without the role.
    """

    def __init__(self, why: Literal["members", "unsure", "unseen", "listed", "off", "role"]) -> None:
        super().__init__(why)
        self.key = f"allowed.{why}"


class TooManyRequests(TellableError):
    """`retry_after`: seconds."""

    key = "allowed.often"

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"for {retry_after:.0f} s")
        self.values = {"when": timedelta(seconds=retry_after)}


class TooManyLists(TellableError):
    key = "batch.waiting"

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} lists")
        self.values = {"n": count}


class NotInLibrary(TellableError):
    """The song was removed, or the person may not view its channel any more."""

    key = "library.gone"


class NotTheMaker(TellableError):
    """Only who made a song may choose one of its takes."""

    key = "library.takes_not_yours"


class PlaylistRefused(TellableError):
    """`why`: no usable name, a name that is taken, too many playlists of a person or of a server, no playlist of that
    name or not any more, a song that is in it already or not at all, or no more room in it, a song that is not found,
    only for the server's managers, only in servers, nothing in it that all readers may view, or nothing at all.
    """

    def __init__(
        self,
        why: Literal[
            "nameless", "exists", "many", "many_here", "unknown", "gone", "twice", "absent", "full", "no_song",
            "managers", "servers", "nothing", "empty",
        ],
        **values: object,
    ) -> None:  # fmt: skip
        super().__init__(why)
        self.key = f"playlist.{why}"
        self.values = values


class NotYours(TellableError):
    key = "watch.not_yours"


class UnknownButton(TellableError):
    """It belongs to another version of the bot, or does not exist."""

    key = "err.button"


class UnwatchablePlace(TellableError):
    """`why`: the bot is not in the channel, or the person may not write there."""

    def __init__(self, why: Literal["absent", "forbidden"]) -> None:
        super().__init__(why)
        self.key = f"watch.{why}"


class Unmentionable(TellableError):
    key = "watch.unmentionable"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.values = {"name": name}


class GatewayError(TellableError):
    """`transient`: the same request may succeed a moment later; `outcome`: a label for counting.

    `words`: the gateway's own, if there were any, without its key.
    """

    key = "gw.broken"
    transient = False
    outcome = "failed"
    words = ""


class GatewayUnreachable(GatewayError):
    key = "gw.down"
    transient = True
    outcome = "unreachable"


class GatewayBusy(GatewayError):
    key = "gw.busy"
    transient = True
    outcome = "busy"

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after: float | None = None
        self.ask_to_wait(retry_after)

    def ask_to_wait(self, seconds: float | None) -> None:
        """Sets the wait from Retry-After, which is not part of the body."""
        self.retry_after = seconds
        if seconds is not None:
            self.key = "gw.busy_until"
            self.values = {"when": timedelta(seconds=seconds)}


class GatewayBroken(GatewayError):
    transient = True
    outcome = "broken"


class GatewayRefused(GatewayError):
    key = "gw.auth"
    outcome = "refused"


class GatewayMisplaced(GatewayError):
    """`may_be_task`: it says no more than "not found", which may be about the task."""

    key = "gw.misplaced"
    outcome = "misplaced"
    may_be_task = False


class ExtraNotOffered(TellableError):
    """`extra`: timing, wav or mp4."""

    def __init__(self, extra: str) -> None:
        super().__init__(extra)
        self.key = f"extra.{extra}_none"


class ExtraNotReady(TellableError):
    """`extra`: wav or mp4."""

    def __init__(self, extra: str) -> None:
        super().__init__(extra)
        self.key = f"extra.{extra}_later"


class ArchiveBusy(TellableError):
    key = "zip.busy"


class MediaError(TellableError):
    key = "audio.unusable"


class MediaUnavailable(MediaError):
    key = "audio.unavailable"


class MediaSlow(MediaUnavailable):
    pass


class MediaNoRoom(MediaError):
    key = "audio.noroom"


class MediaForbidden(MediaError):
    key = "audio.forbidden"


class MediaTooBig(MediaError):
    """`size`: bytes, as the host declares; None if it declares nothing."""

    def __init__(self, limit: int, size: int | None = None) -> None:
        super().__init__(f"larger than {limit} bytes")
        self.limit = limit
        self.size = size
        self.key = "audio.endless" if size is None else "audio.toobig"


class MediaUnrecognised(MediaError):
    pass


class PostError(BotError):
    """`status`: of HTTP, 0 without an answer; `code`: Discord's, 0 without one; `retry_after` in seconds.

    `parts`: parts of the message that may be left out, see bot/domain/discord_errors.py.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: int = 0,
        retry_after: float = 0.0,
        parts: AbstractSet[str] = frozenset(),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.parts = parts

    @property
    def is_ambiguous(self) -> bool:
        """The message may have arrived anyway."""
        return self.status == 0 or self.status >= 500
