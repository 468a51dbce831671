"""A watch, and the deliveries that follow from a poll of its task. Pure."""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.delivery import Delivery, Topic, delivery_id
from bot.domain.snapshot import TaskSnapshot, same_state, unchanged_for
from bot.domain.task import Status, Task

LYRICS_WAIT = 60.0  # seconds for which a finished song waits for the lyrics that belong to it
QUIET_AFTER = 900.0  # seconds without change until the watcher is notified
MAX_UNCHANGED = 86_400.0  # seconds without change until the watch ends
MAX_WATCH_TIME = 7 * 86_400.0  # seconds until a watch ends on a task that keeps changing and never finishes
GRACE = 120.0  # seconds for which a gateway may not know a new id yet
MAX_MENTIONS = 50  # people and roles; Discord accepts 100 of each, but a message has only 2,000 characters
GRACE_POLLS = 3  # polls in a row without the task, until it counts as unknown


class WatchOutcome(StrEnum):
    """Why a watch has ended; empty while it is open."""

    NONE = ""
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    STOPPED = "stopped"


class Watch(Struct, frozen=True, kw_only=True):
    """A request to post a task's results in a channel for a person. Times are Unix seconds."""

    id: int = 0  # set by the store
    task_id: str
    user_id: int
    channel_id: int
    guild_id: int | None = None  # None: a DM
    mentions: tuple[str, ...] = ()  # as Discord writes them
    lyrics_id: str = ""  # a LYRICS task whose text goes with the song
    live: bool = False  # a card follows the progress
    locale: str = "en-US"  # of the channel's readers
    user_locale: str = "en-US"  # of the person
    created_at: float
    announced: tuple[str, ...] = ()  # keys of the clips whose deliveries were created
    quiet_announced: bool = False
    live_announced: bool = False
    outcome: WatchOutcome = WatchOutcome.NONE


def joined(watch: Watch, request: Watch) -> Watch:
    """A watch that is requested again in the same channel: adds the mentions, and choices that were not made before.

    Only the person who started it can replace its lyrics.
    """
    begun_by_them = request.user_id == watch.user_id
    lyrics = (request.lyrics_id, watch.lyrics_id) if begun_by_them else (watch.lyrics_id, request.lyrics_id)
    mentions = tuple(dict.fromkeys((*watch.mentions, *request.mentions)))[:MAX_MENTIONS]
    return replace(watch, mentions=mentions, lyrics_id=lyrics[0] or lyrics[1], live=watch.live or request.live)


def without(watch: Watch, user_id: int) -> Watch:
    """The watch without its mention of that person."""
    return replace(watch, mentions=tuple(each for each in watch.mentions if each != f"<@{user_id}>"))


class Step(Struct, frozen=True):
    watch: Watch
    deliveries: tuple[Delivery, ...] = ()


def may_advance(before: TaskSnapshot, after: TaskSnapshot, now: float) -> bool:
    """Whether a poll can have consequences; most have none."""
    if before.asked_at is None or not same_state(before, after):  # not polled since a new watch was added
        return True
    return not may_repeat(after) or unchanged_for(after, now) >= QUIET_AFTER


def may_repeat(snapshot: TaskSnapshot) -> bool:
    """True if an identical answer needs no action yet."""
    return snapshot.task is not None and not snapshot.task.is_final and not snapshot.task.playable


def advance(watch: Watch, snapshot: TaskSnapshot, now: float, lyrics: TaskSnapshot | None = None) -> Step:
    """The next step. Every clip is delivered at most once, in whatever order answers come."""
    if watch.outcome:
        return Step(watch)
    if snapshot.task is None:
        return _unknown(watch, snapshot, now)
    if snapshot.task.is_final:
        return _final(watch, snapshot.task, now, ready=_lyrics_ready(watch, snapshot, now, lyrics))
    step = Step(watch)
    if _lyrics_ready(watch, snapshot, now, lyrics):
        step = _deliver_songs(watch, snapshot.task, [key for key, clip in snapshot.task.keyed() if clip.playable], now)
    return step if step.deliveries else _open(watch, snapshot, now)


def _lyrics_ready(watch: Watch, snapshot: TaskSnapshot, now: float, lyrics: TaskSnapshot | None) -> bool:
    if not watch.lyrics_id or (lyrics and lyrics.is_final):
        return True
    return unchanged_for(snapshot, now) >= LYRICS_WAIT


def _unknown(watch: Watch, snapshot: TaskSnapshot, now: float) -> Step:
    """Ends the watch after a grace: gateways may store a task only after they have returned its id."""
    since = max(watch.created_at, now if snapshot.first_asked_at is None else snapshot.first_asked_at)
    if snapshot.misses < GRACE_POLLS or now - since < GRACE:
        return Step(watch)
    return _end(watch, WatchOutcome.UNKNOWN, now, Topic.UNKNOWN)


def _final(watch: Watch, task: Task, now: float, *, ready: bool) -> Step:
    failed = task.status is Status.FAILED  # its unfinished clips never come; a successful task's audio may come late
    arrived = [key for key, clip in task.keyed() if (clip.playable if failed else clip.status is not Status.FAILED)]
    if set(arrived) - set(watch.announced):
        if not ready:
            return Step(watch)
        step = _deliver_songs(watch, task, arrived, now)
        return Step(replace(step.watch, outcome=WatchOutcome.DELIVERED), step.deliveries)
    broken = failed or any(clip.status is Status.FAILED for clip in task.clips)
    if watch.announced:
        return _end(watch, WatchOutcome.DELIVERED, now, Topic.FAILED if broken else None)
    if broken:
        return _end(watch, WatchOutcome.FAILED, now, Topic.FAILED)
    if task.written:
        return _end(watch, WatchOutcome.DELIVERED, now, Topic.LYRICS)
    return _end(watch, WatchOutcome.DELIVERED, now, Topic.SONGS)


def _deliver_songs(watch: Watch, task: Task, arrived: list[str], now: float) -> Step:
    """Songs that were not announced before, in one message."""
    new = tuple(key for key in arrived if key not in watch.announced)
    if not new:
        return Step(watch)
    songs = replace(delivery_for(watch, Topic.SONGS, now, new), host=task.audio_host(new))
    return Step(replace(watch, announced=(*watch.announced, *new)), (songs,))


def _open(watch: Watch, snapshot: TaskSnapshot, now: float) -> Step:
    unchanged = unchanged_for(snapshot, now)
    if unchanged >= MAX_UNCHANGED or now - watch.created_at >= MAX_WATCH_TIME:
        return _end(watch, WatchOutcome.EXPIRED, now, Topic.EXPIRED)
    if unchanged >= QUIET_AFTER and not watch.quiet_announced:
        return Step(replace(watch, quiet_announced=True), (delivery_for(watch, Topic.QUIET, now),))
    if watch.live and not watch.live_announced:
        return Step(replace(watch, live_announced=True), (delivery_for(watch, Topic.LIVE, now),))
    return Step(watch)


def _end(watch: Watch, outcome: WatchOutcome, now: float, topic: Topic | None = None) -> Step:
    return Step(replace(watch, outcome=outcome), (delivery_for(watch, topic, now),) if topic else ())


def delivery_for(watch: Watch, topic: Topic, now: float, clips: tuple[str, ...] = ()) -> Delivery:
    """A message for the watch's channel, due now."""
    return Delivery(
        id=delivery_id(watch.id, watch.created_at, topic, clips),
        watch_id=watch.id,
        user_id=watch.user_id,
        channel_id=watch.channel_id,
        topic=topic,
        clips=clips,
        created_at=now,
        due_at=now,
    )
