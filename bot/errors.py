"""Every error of ours, as a tree. Those with a * are TellableErrors: a person can be told of them.

    BotError
    ├── SettingsError            the environment cannot be used; lists every fault
    ├── StorageError*            the database cannot be used
    │   └── DatabaseInUse        by another process
    ├── DiscordUnreachable       Discord does not answer
    ├── InvalidTaskId*           what was typed cannot be a task id
    ├── UnknownTask*             no gateway knows the id
    ├── UnknownClip*             the task has fewer songs than that
    ├── UnreadableFile*          a file that holds no text
    ├── UnreadableMoment*        what was typed is no moment of a song
    ├── UnreadableWeight*        what was typed is no number from 0 to 100
    ├── NotContinuable*          nothing can be made from that task
    ├── Forgotten*               a list that is too old, or never was
    ├── NotAllowed*              who may use the bot there is somebody else
    ├── TooMany*                 a person asks too often; `retry_after` in seconds
    ├── TooManyLists*            a person waits for several lists already
    ├── NotYours*                it belongs to somebody else
    ├── UnknownButton*           of another version of the bot, or of nobody's
    ├── UnwatchablePlace*        songs cannot be brought into that channel for this person
    ├── Unmentionable*           this person may not have that one mentioned
    ├── GatewayError*            a gateway gave no usable answer; says nothing about the task
    │   ├── GatewayUnreachable   no answer: refused, unknown host, TLS, time-out, cut off
    │   ├── GatewayBusy          429, 503: later, perhaps after `retry_after` seconds
    │   ├── GatewayBroken        5xx, an empty or cut body, an answer of no known shape
    │   ├── GatewayRefused       401, 403: about the key, never about the task
    │   └── GatewayMisplaced     a web page or a redirect: nothing speaks Suno at this base URL
    ├── MediaError*              a song's file or cover cannot be had
    │   ├── MediaUnavailable     refused, gone, time-out, cut off
    │   │   └── MediaSlow        its host takes too long, or has too many requests of ours to answer already
    │   ├── MediaNoRoom          there is no room for it on this machine's disk right now
    │   ├── MediaForbidden       its address is not one the bot may ask
    │   ├── MediaTooBig          larger than `limit` bytes
    │   └── MediaUnrecognised    its bytes are no known audio or picture
    └── PostError                Discord did not take a message; bot/domain/post_failures.py says what becomes of it

That a gateway does not know an id is no error of the gateway: `Answer.missing` names it.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from types import MappingProxyType
from typing import Literal

_EXAMPLE = "5f0c1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b"  # of a task id


class BotError(Exception):
    """The root: its text is for the log, never for a person."""


class TellableError(BotError):
    """A person can be told of it: `key` names a sentence in the languages, `values` are for the braces in it.

    Texts among the values are strangers', and are escaped where they are shown; a timedelta is one from now.
    """

    key = ""
    values: Mapping[str, object] = MappingProxyType({})


class SettingsError(BotError):
    """`faults` holds one sentence per faulty setting, without its value."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class StorageError(TellableError):
    key = "err.storage"


class DatabaseInUse(StorageError):
    pass


class DiscordUnreachable(BotError):
    pass


class InvalidTaskId(TellableError):
    """`count`: how many ids stand in `text`, if it is "many"; otherwise how many characters it has.

    "none": a message or a file that holds none; "write": a text to the bot that holds none;
    "song": there is none but that of a song, in a link; "words": several words, and none that looks like an id.
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
    """`why`: it is larger than is read, or of another kind, or no lyrics."""

    def __init__(self, why: Literal["large", "kind", "lyrics"], name: str) -> None:
        super().__init__(f"{why}: {name}")
        self.key = f"file.{why}"
        self.values = {"name": name}


class UnreadableNumber(TellableError):
    """Something else was typed than a whole number from 1 up."""

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


class Forgotten(TellableError):
    key = "batch.forgotten"


class OrderGone(TellableError):
    """An order that is not theirs, or is not kept any more, or has gone on meanwhile."""

    key = "create.gone"


class NotAllowed(TellableError):
    """`why`: not a member of a server that the bot is in, not known to be one (for that Discord does not say, or there
    are too many servers to ask), not on the list, nobody is, or without the role.
    """

    def __init__(self, why: Literal["members", "unsure", "unseen", "listed", "off", "role"]) -> None:
        super().__init__(why)
        self.key = f"allowed.{why}"


class TooMany(TellableError):
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


class NotYours(TellableError):
    key = "watch.not_yours"


class UnknownButton(TellableError):
    """Of another version of the bot, or of nobody's."""

    key = "err.button"


class UnwatchablePlace(TellableError):
    """`why`: the bot is not there, or the person may not write there."""

    def __init__(self, why: Literal["absent", "forbidden"]) -> None:
        super().__init__(why)
        self.key = f"watch.{why}"


class Unmentionable(TellableError):
    key = "watch.unmentionable"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.values = {"name": name}


class GatewayError(TellableError):
    """`transient`: the same request may pass a moment later; `outcome`: a word for counting.

    `said`: the gateway's own words, if there were any, without its key.
    """

    key = "gw.broken"
    transient = False
    outcome = "failed"
    said = ""


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
        """As its Retry-After says, which is read apart from its body."""
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
    """`may_be_task`: it says no more than "not found", which may be said of the task."""

    key = "gw.misplaced"
    outcome = "misplaced"
    may_be_task = False


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
    """`size` is what the host declares, in bytes; None when it declared nothing."""

    def __init__(self, limit: int, size: int | None = None) -> None:
        super().__init__(f"larger than {limit} bytes")
        self.limit = limit
        self.size = size
        self.key = "audio.endless" if size is None else "audio.toobig"


class MediaUnrecognised(MediaError):
    pass


class PostError(BotError):
    """`status`: HTTP's, 0 where there was no answer; `code`: Discord's own, 0 where it gave none; `retry_after` in
    seconds; `parts`: what the message had that it might do without, see bot/domain/post_failures.py.
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
        """The message may have arrived all the same."""
        return self.status == 0 or self.status >= 500
