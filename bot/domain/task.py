"""A task at a gateway: what the answers of every dialect are translated into."""

from collections.abc import Collection
from enum import StrEnum
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from bot.errors import UnknownClip


def host_of(url: str) -> str:
    """The host and port of an address; empty if there is none."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


class Status(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        return self in (Status.DONE, Status.FAILED)


class TaskKind(StrEnum):
    MUSIC = "MUSIC"
    LYRICS = "LYRICS"
    STYLE = "STYLE"  # a style as text, of UPSAMPLE_TAGS
    UNKNOWN = ""  # it has no results yet, and the gateway does not say


class Lyrics(Struct, frozen=True, kw_only=True):
    """The result of a LYRICS task; a STYLE task fills in `style` alone."""

    title: str = ""
    text: str = ""
    style: str = ""


class Echo(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a gateway's description of a song repeats of what was wished for. `voice`: as f, m; weights: 0 to 1."""

    cover: bool = False
    excluded: bool = False
    voice: str = ""
    style_weight: float | None = None
    weirdness: float | None = None
    variety: float | None = None


class Clip(Struct, frozen=True, kw_only=True):
    """One rendering of a song. Absent texts and urls are empty; urls are http or https.

    `other_urls`: where its audio may be if it is not at `audio_url`. `echo` None: the gateway does not describe it.
    """

    id: str
    status: Status
    raw_status: str = ""
    title: str = ""
    style: str = ""
    lyrics: str = ""
    model: str = ""
    duration: float | None = None  # seconds
    audio_url: str = ""
    other_urls: tuple[str, ...] = ()
    video_url: str = ""
    image_url: str = ""
    reason: str = ""
    echo: Echo | None = None

    @property
    def streaming(self) -> bool:
        """It can be played while it is rendered; the address is temporary."""
        return self.status is Status.RUNNING and self.audio_url != ""

    @property
    def playable(self) -> bool:
        """The gateway says that the file is finished; only its bytes prove it."""
        return self.status is Status.DONE and self.audio_url != ""


class Task(Struct, frozen=True, kw_only=True):
    """Times are Unix seconds; `progress` is the gateway's percentage, never an estimate of ours."""

    id: str
    kind: TaskKind
    status: Status
    raw_status: str = ""
    recognised: bool = True  # False: `raw_status` is an unknown status, taken for "running"
    reason: str = ""
    progress: float | None = None
    submitted_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    updated_at: float | None = None  # when the gateway changed it, in whole seconds; given by newer new-api
    clips: tuple[Clip, ...] = ()
    lyrics: Lyrics | None = None

    @property
    def is_final(self) -> bool:
        return self.status.final

    @property
    def written(self) -> bool:
        """It makes text, and no songs."""
        return self.kind in (TaskKind.LYRICS, TaskKind.STYLE)

    @property
    def title(self) -> str:
        """The first title in it; empty if there is none."""
        if self.lyrics and self.lyrics.title:
            return self.lyrics.title
        return next((clip.title for clip in self.clips if clip.title), "")

    @property
    def playable(self) -> tuple[Clip, ...]:
        return tuple(clip for clip in self.clips if clip.playable)

    def keyed(self) -> tuple[tuple[str, Clip], ...]:
        """Its clips by a unique key: the id, or the id and its position if the id is taken."""
        keys: dict[str, Clip] = {}
        for number, clip in enumerate(self.clips, 1):
            keys[f"{clip.id}#{number}" if clip.id in keys else clip.id] = clip
        return tuple(keys.items())

    def audio_host(self, keys: Collection[str]) -> str:
        """The host of the first of these clips that has an address."""
        addresses = (clip.audio_url for key, clip in self.keyed() if key in keys and clip.audio_url)
        return host_of(next(addresses, ""))

    def only(self, number: int) -> "Task":
        """Only one of its clips, counted from 1. Raises UnknownClip."""
        if not 1 <= number <= len(self.clips):
            raise UnknownClip(number, len(self.clips))
        return replace(self, clips=(self.clips[number - 1],))

    @property
    def partial(self) -> bool:
        """Whether it has ended with playable clips and failed ones."""
        failed = self.status is Status.FAILED or any(clip.status is Status.FAILED for clip in self.clips)
        return self.is_final and failed and bool(self.playable)


class Answer(Struct, frozen=True):
    """What a gateway said of the requested ids. Ids that could not be requested are in none of these fields."""

    tasks: dict[str, Task]
    missing: tuple[str, ...] = ()
    same: frozenset[str] = frozenset()  # ids whose answer is byte for byte a known one
    digests: dict[str, bytes] = {}  # of the bytes of each task, where it came in a body of its own
