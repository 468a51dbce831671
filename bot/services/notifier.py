"""Brings what is owed to Discord: songs with their files, and every other message, each once."""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.delivery import AUDIO_NOTICE, AUDIO_WAIT, Delivery, Topic, audio_rest, delivery_id
from bot.domain.refusals import Part, meaning
from bot.domain.task import Status, Task
from bot.domain.watch import owe
from bot.errors import (
    GatewayError,
    MediaError,
    MediaForbidden,
    MediaNoRoom,
    MediaTooBig,
    PostError,
    StorageError,
    UnknownTask,
)
from bot.services.clock import Bell, Clock
from bot.services.courses import Courses
from bot.services.lookup import Found, Lookup
from bot.services.recordings import Recording, Recordings
from bot.services.turns import MOST, Turns
from bot.storage.outbox import Outbox, Owed

_POSTED_AT_ONCE = 8  # messages that are being given to Discord
_ASIDE_AT_ONCE = MOST // 3  # messages on their way that stepped aside: others want to be heard too
_LEASE = 600.0  # seconds; longer than any message takes
_STALE = 10.0  # seconds after which a gateway's answer is asked for again: addresses of songs expire
_ROOM_REST = 20.0  # seconds until a song is fetched again for which there was no room
_STORAGE_REST = 10.0  # seconds until a database that failed is tried again
_UNFORESEEN = "an error that nobody foresaw"

SENT = "sent"  # the outcome of a message that arrived
FAULT = "failed"  # of one at which the bot itself failed

log = logging.getLogger(__name__)


class Post(Struct, frozen=True):
    """A message to make. `recordings`: the songs that go with it; `found`: None for a task that nobody knows."""

    owed: Owed
    found: Found | None
    recordings: Sequence[Recording] = ()


class Poster(Protocol):
    """The port through which messages leave. Every method raises PostError and nothing else."""

    def limit(self, owed: Owed) -> int:
        """Bytes a file, where it goes."""
        ...

    def fits(self, owed: Owed, recordings: Sequence[Recording]) -> int:
        """How many of them, from the first, go into one message, where it goes."""
        ...

    async def post(self, post: Post, omitted: AbstractSet[Part]) -> int:
        """The id of the message. The same delivery again within the nonce's life gives the same message; a post in a
        forum has no nonce, and so an unclear outcome is told, and never tried again in here.
        """
        ...

    async def find(self, owed: Owed) -> int | None:
        """The message of a delivery that was tried before, if it did arrive."""
        ...

    async def direct(self, user_id: int) -> int:
        """The id of the DM channel with a person."""
        ...


class Notifier:
    """`outcomes` counts what became of the messages that were given to Discord."""

    def __init__(
        self,
        outbox: Outbox,
        poster: Poster,
        recordings: Recordings,
        lookup: Lookup,
        clock: Clock,
        bell: Bell,
        *,
        outcomes: Counter[str],
    ) -> None:
        self._outbox = outbox
        self._poster = poster
        self._recordings = recordings
        self._lookup = lookup
        self._clock = clock
        self._bell = bell
        self._outcomes = outcomes
        self._posting = asyncio.Semaphore(_POSTED_AT_ONCE)
        self._courses = Courses(outbox, poster, clock)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as workers:
            await self._bring_all(workers)

    async def _bring_all(self, workers: asyncio.TaskGroup) -> None:
        going: dict[str, Owed] = {}

        def gone(worker: asyncio.Task[None]) -> None:
            del going[worker.get_name()]
            self._bell.ring()

        while True:
            try:
                if len(going) >= MOST:
                    await self._bell.wait(None)  # whatever is due waits until one of these has gone
                    continue
                for owed in await self._claim(going.values()):
                    if (name := f"delivery {owed.delivery.id}") in going:
                        continue  # it takes longer than a lease, and has another one now
                    going[name] = owed
                    workers.create_task(self._bring(owed), name=name).add_done_callback(gone)
                await self._bell.wait(await self._next_due(going.values()))
            except StorageError as error:
                await self._rest(error)

    async def _claim(self, going: Collection[Owed]) -> list[Owed]:
        aside = _ASIDE_AT_ONCE - sum(owed.aside for owed in going)
        room, turns = MOST - len(going), self._turns(going)
        return await self._outbox.claim(self._clock.now(), lease=_LEASE, limit=room, aside=aside, turns=turns)

    async def _next_due(self, going: Collection[Owed]) -> float | None:
        aside = sum(owed.aside for owed in going) < _ASIDE_AT_ONCE
        return await self._outbox.next_due(aside=aside, turns=self._turns(going))

    def _turns(self, going: Collection[Owed]) -> Turns:
        return Turns(self._recordings.hosts, ((owed.delivery.host, owed.watch.user_id) for owed in going))

    async def _rest(self, error: StorageError) -> None:
        log.error("the database failed, the next try is in %.0f s: %s", _STORAGE_REST, error)
        await self._clock.sleep(_STORAGE_REST)

    async def _bring(self, owed: Owed) -> None:
        """One message, whatever becomes of it: it holds up no other."""
        try:
            try:
                await self._try(owed)
            except StorageError:
                raise
            except Exception:
                self._outcomes[FAULT] += 1
                log.exception("delivery %s failed, and nobody foresaw how", owed.delivery.id)
                await self._courses.after_fault(owed, _UNFORESEEN)
        except StorageError as error:
            await self._rest(error)

    async def _try(self, owed: Owed) -> None:
        try:
            await self._deliver(owed)
        except PostError as failure:
            await self._refused(owed, failure, frozenset())

    async def _refused(self, owed: Owed, failure: PostError, omitted: AbstractSet[Part]) -> AbstractSet[Part] | None:
        """What to leave out next; None: it is dealt with."""
        self._outcomes[meaning(failure)] += 1
        log.info("delivery %s: %s: %s", owed.delivery.id, meaning(failure), failure)
        return await self._courses.after_refusal(owed, failure, omitted)

    async def _deliver(self, owed: Owed) -> None:
        if owed.tried_at is not None and (message_id := await self._poster.find(owed)) is not None:
            await self._record(owed.delivery, message_id)
        elif owed.delivery.topic is Topic.SONGS:
            await self._deliver_songs(owed)
        else:
            found = Found(owed.sight.task, owed.sight.gateway) if owed.sight.task else None
            await self._hand_over(Post(owed, found))

    async def _deliver_songs(self, owed: Owed) -> None:
        found = await self._fresh(owed)
        if found.task.lyrics and not found.task.clips:  # before there was anything, nobody could tell what it makes
            words = replace(owed, delivery=replace(owed.delivery, topic=Topic.LYRICS))
            await self._hand_over(Post(words, found))
        else:
            await self._deliver_recordings(owed, found)

    async def _deliver_recordings(self, owed: Owed, found: Found) -> None:
        """Those whose audio is there, as many as go into a message; the others follow."""
        keys, failed = _to_come(owed.delivery, found.task), found.task.status is Status.FAILED
        now = self._clock.now()
        waited = now - (owed.delivery.silent_since or now)
        gave_up = waited >= AUDIO_WAIT or (failed and not keys)
        async with self._opened(owed, found.task, keys) as recordings:
            held = [each for each in recordings if isinstance(each.audio, MediaNoRoom)]
            ready = [each for each in recordings if (gave_up and each not in held) or not _may_come(each)]
            if not ready and held:
                await self._wait_for_room(owed, str(held[0].audio))
                return
            if not ready and not gave_up:
                owed = replace(owed, delivery=replace(owed.delivery, host=found.task.audio_host(keys)))
                await self._wait_for_audio(owed, now - waited, waited, tell=not failed)
                return
            going = ready[: self._poster.fits(owed, ready)]
            left = [each.key for each in (*ready, *held)] if gave_up else keys
            rest = tuple(key for key in left if key not in {each.key for each in going})
            await self._hand_over(Post(owed, found, going), rest)

    def _opened(
        self, owed: Owed, task: Task, keys: Collection[str]
    ) -> AbstractAsyncContextManager[tuple[Recording, ...]]:
        return self._recordings.of(
            task,
            limit=self._poster.limit(owed) if owed.audio else None,
            wanted=keys,
            lyrics=_lyrics_beside(owed),
            # Sent on while they arrive; after a first try that came to nothing only what is here whole.
            whole=owed.tried_at is not None,
            person=owed.watch.user_id,
            patient=owed.aside,
        )

    async def _fresh(self, owed: Owed) -> Found:
        """The task as its gateway has it now: by what was said long ago its songs may no longer be found."""
        sight = owed.sight
        if sight.task is None:
            raise PostError("songs of a task that nobody knows", status=404)
        known = Found(sight.task, sight.gateway)
        if self._clock.now() - (sight.asked_at or 0.0) < _STALE:
            return known
        try:
            found = await self._lookup.find(sight.task_id, known_at=sight.gateway)
        except (GatewayError, UnknownTask) as error:
            log.info("task %s: what was said before is used: %s", sight.task_id, error)
            return known
        keys = {key for key, _ in found.task.keyed()}
        return found if keys.issuperset(owed.delivery.clips) else known

    async def _wait_for_room(self, owed: Owed, reason: str) -> None:
        """On this machine: that is no fault of the song's, and it is not given up for that."""
        log.warning("delivery %s waits until there is room for its songs: %s", owed.delivery.id, reason)
        await self._outbox.put_off(owed.delivery.id, self._clock.now() + _ROOM_REST, reason=reason, aside=True)

    async def _wait_for_audio(self, owed: Owed, since: float, waited: float, *, tell: bool) -> None:
        """`since`: the first try; what held the message up before is no part of that. Told once for a watch."""
        now, delivery = self._clock.now(), owed.delivery
        due_at, reason = min(now + audio_rest(waited), since + AUDIO_WAIT), "no usable audio yet"
        await self._outbox.put_off(
            delivery.id, due_at, reason=reason, aside=True, silent_since=since, host=delivery.host
        )
        if tell and waited >= AUDIO_NOTICE:
            notice = owe(owed.watch, Topic.NO_AUDIO, now)
            await self._outbox.add(replace(notice, created_at=delivery.created_at, silent_since=since))

    async def _hand_over(self, post: Post, rest: tuple[str, ...] = ()) -> None:
        """Planned, then sent, then recorded: after a crash between any two of these the plan is still the same."""
        now, delivery = self._clock.now(), post.owed.delivery
        if post.recordings:
            clips = tuple(each.key for each in post.recordings)
            silent = any(_may_come(each) for each in post.recordings)  # else, should it go wrong, patience begins anew
            delivery = replace(delivery, clips=clips, silent_since=delivery.silent_since if silent else None)
        others = None
        if rest:
            watch = post.owed.watch
            identity = delivery_id(watch.id, watch.created_at, Topic.SONGS, rest)
            others = replace(post.owed.delivery, id=identity, clips=rest, due_at=now)
        async with self._posting:
            now = self._clock.now()
            await self._outbox.trying(delivery, now, others)
            message_id = await self._send(replace(post, owed=replace(post.owed, tried_at=now)))
        if message_id is not None:
            await self._record(delivery, message_id)

    async def _send(self, post: Post) -> int | None:
        """In the first form that Discord takes, with the files that are here; None: in none of them for now."""
        omitted: AbstractSet[Part] | None = frozenset()
        while omitted is not None:
            try:
                return await self._poster.post(post, omitted)
            except PostError as failure:
                omitted = await self._refused(post.owed, failure, omitted)
                if (
                    omitted is not None
                    and failure.is_ambiguous
                    and (found := await self._poster.find(post.owed)) is not None
                ):
                    return found  # it did arrive
        return None

    async def _record(self, delivery: Delivery, message_id: int) -> None:
        """Also when the bot is being stopped: what is sent is sent."""
        self._outcomes[SENT] += 1
        saving = asyncio.ensure_future(self._outbox.sent(delivery, message_id, self._clock.now()))
        try:
            await asyncio.shield(saving)
        except asyncio.CancelledError:
            await saving
            raise


def _lyrics_beside(owed: Owed) -> str:
    """Those that were asked for with the song."""
    task = owed.lyrics.task if owed.lyrics else None
    return task.lyrics.text if task and task.lyrics else ""


def _to_come(delivery: Delivery, task: Task) -> tuple[str, ...]:
    """The keys of its songs; what a failed task has not finished, it never will."""
    wanted = delivery.clips or tuple(key for key, _ in task.keyed())
    if task.status is not Status.FAILED:
        return wanted
    return tuple(key for key, clip in task.keyed() if key in wanted and clip.playable)


def _may_come(recording: Recording) -> bool:
    """Its audio, or its link where that is all that is wanted, may be there a moment later."""
    return isinstance(recording.audio, MediaError) and not isinstance(recording.audio, MediaTooBig | MediaForbidden)
