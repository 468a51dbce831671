"""Sends one claimed delivery: collects its content, posts it, and marks it as sent."""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager

from msgspec.structs import replace

from bot.domain.delivery import AUDIO_NOTICE, AUDIO_WAIT, Delivery, Reason, Topic, audio_retry_delay, delivery_id
from bot.domain.discord_errors import MessagePart, meaning
from bot.domain.library import NewSong, Posting, songs_of
from bot.domain.outbox import ClaimedDelivery
from bot.domain.task import Status, Task
from bot.domain.watch import delivery_for
from bot.errors import GatewayError, PostError, StorageError, UnknownTask
from bot.services.clip_files import ClipFile, ClipFiles
from bot.services.clock import Clock
from bot.services.delivery.failures import FailureHandler
from bot.services.delivery.port import Post, Poster
from bot.services.delivery.posted import PostedPart, already_posted
from bot.services.delivery.ready_clips import SendNow, WaitForRoom, choose, may_come, to_come
from bot.services.lookup import Found, Lookup
from bot.shutdown import complete
from bot.storage.outbox import Outbox

_SHARD_RETRY = 2.0  # seconds until a message for a server is tried again whose shard has not been connected yet
_STALE = 10.0  # seconds after which a gateway's answer is refreshed: addresses of songs expire
_ROOM_RETRY = 20.0  # seconds until a song for which there was no room is fetched again
SENT = "sent"  # the outcome of a message that arrived
FAULT = "failed"  # the outcome of an error in the bot itself

log = logging.getLogger(__name__)


class Sender:
    """`outcomes` counts the results of posts to Discord; `at_once`: messages that are being posted."""

    def __init__(
        self,
        outbox: Outbox,
        poster: Poster,
        clip_files: ClipFiles,
        lookup: Lookup,
        clock: Clock,
        *,
        outcomes: Counter[str],
        at_once: int,
    ) -> None:
        self._outbox = outbox
        self._poster = poster
        self._clip_files = clip_files
        self._lookup = lookup
        self._clock = clock
        self._outcomes = outcomes
        self._posting = asyncio.Semaphore(at_once)
        self._failure_handler = FailureHandler(outbox, poster, clock)

    async def send(self, claimed: ClaimedDelivery) -> None:
        """Records every outcome, including errors of the bot itself. Raises StorageError only."""
        try:
            try:
                await self._send(claimed)
            except PostError as failure:
                await self._after_refusal(claimed, failure, frozenset())
        except StorageError:
            raise
        except Exception:
            self._outcomes[FAULT] += 1
            log.exception("delivery %s failed because of an unexpected error", claimed.delivery.id)
            await self._failure_handler.after_fault(claimed, Reason.FAULT)

    async def _send(self, claimed: ClaimedDelivery) -> None:
        if not self._poster.knows_server(claimed):
            due_at, reason = self._clock.now() + _SHARD_RETRY, Reason.NO_SHARD
            await self._outbox.put_off(claimed.delivery.id, due_at, reason, parked=claimed.parked)
        elif claimed.copied and (task := _known_songs(claimed)):
            await self._send_unposted(claimed, task)
        elif claimed.tried_at is not None and (message_id := await self._find(claimed)) is not None:
            await self._mark_sent(
                Post(claimed, _known(claimed)), claimed.delivery, [(message_id, claimed.delivery.clips)]
            )
        elif claimed.delivery.topic is Topic.SONGS:
            await self._send_songs(claimed)
        else:
            await self._save_and_post(Post(claimed, _known(claimed)))

    async def _find(self, claimed: ClaimedDelivery) -> int | None:
        """The message, if it did arrive; lyrics of a copied database also as another delivery."""
        if not (claimed.copied and claimed.delivery.topic is Topic.LYRICS):
            return await self._poster.find(claimed)
        posted = await self._poster.posted_songs(claimed)
        return next((each.message_id for each in posted if each.lyrics or each.mark == claimed.delivery.id), None)

    async def _send_unposted(self, claimed: ClaimedDelivery, task: Task) -> None:
        """Songs of a copied database, which may have come to Discord since, also together with others."""
        parts = already_posted(await self._poster.posted_songs(claimed), claimed.delivery, task)
        if not parts:
            await self._send_songs(claimed)
            return
        posted = tuple(key for _, keys in parts for key in keys)
        left = tuple(key for key in to_come(claimed.delivery, task) if key not in posted)
        delivery, now = replace(claimed.delivery, clips=posted), self._clock.now()
        await self._outbox.trying(delivery, now, _rest_of(claimed, left, now))
        await self._mark_sent(Post(claimed, Found(task, claimed.snapshot.gateway)), delivery, parts)

    async def _send_songs(self, claimed: ClaimedDelivery) -> None:
        found = await self._newest_answer(claimed)
        if found.task.lyrics and not found.task.clips:  # an empty task does not show whether it makes songs or lyrics
            lyrics = replace(claimed, delivery=replace(claimed.delivery, topic=Topic.LYRICS))
            await self._save_and_post(Post(lyrics, found))
        else:
            await self._send_ready_clips(claimed, found)

    async def _send_ready_clips(self, claimed: ClaimedDelivery, found: Found) -> None:
        """Posts the clips whose audio is available, as many as one message holds; the others follow."""
        keys, failed = to_come(claimed.delivery, found.task), found.task.status is Status.FAILED
        now = self._clock.now()
        waited = now - (claimed.delivery.audio_missing_since or now)
        gave_up = waited >= AUDIO_WAIT or (failed and not keys)
        async with self._open_clip_files(claimed, found.task, keys) as clip_files:
            match choose(clip_files, keys, gave_up=gave_up, fits=lambda ready: self._poster.fits(claimed, ready)):
                case SendNow(going, rest):
                    await self._save_and_post(Post(claimed, found, going), rest)
                case WaitForRoom(reason):
                    await self._wait_for_room(claimed, reason)
                case _:
                    host = found.task.audio_host(keys)
                    await self._wait_for_audio(claimed, host, now - waited, waited, notify=not failed)

    def _open_clip_files(
        self, claimed: ClaimedDelivery, task: Task, keys: Collection[str]
    ) -> AbstractAsyncContextManager[tuple[ClipFile, ...]]:
        return self._clip_files.of(
            task,
            limit=self._poster.limit(claimed) if claimed.audio else None,
            wanted=keys,
            lyrics=_lyrics_beside(claimed),
            # Files are streamed while they arrive; on a retry only complete files are used.
            whole=claimed.tried_at is not None,
            person=claimed.watch.user_id,
            patient=claimed.parked,
        )

    async def _newest_answer(self, claimed: ClaimedDelivery) -> Found:
        """The task as its gateway has it now: addresses in an old answer may have expired."""
        snapshot = claimed.snapshot
        known = _known(claimed)
        if known is None:
            raise PostError("songs of an unknown task", status=404)
        if self._clock.now() - (snapshot.asked_at or 0.0) < _STALE:
            return known
        try:
            found = await self._lookup.find(snapshot.task_id, known_at=snapshot.gateway)
        except (GatewayError, UnknownTask) as error:
            log.info("task %s: the previous answer is used: %s", snapshot.task_id, error)
            return known
        keys = {key for key, _ in found.task.keyed()}
        return found if keys.issuperset(claimed.delivery.clips) else known

    async def _wait_for_room(self, claimed: ClaimedDelivery, reason: str) -> None:
        log.warning("delivery %s waits until there is room for its songs: %s", claimed.delivery.id, reason)
        await self._outbox.put_off(claimed.delivery.id, self._clock.now() + _ROOM_RETRY, reason, parked=True)

    async def _wait_for_audio(
        self, claimed: ClaimedDelivery, host: str, since: float, waited: float, *, notify: bool
    ) -> None:
        """`since`: when the audio was first missing; other delays do not count. People are notified once per watch."""
        now, delivery = self._clock.now(), claimed.delivery
        due_at, reason = min(now + audio_retry_delay(waited), since + AUDIO_WAIT), Reason.NO_AUDIO
        await self._outbox.wait_for_audio(delivery.id, due_at, reason, since=since, host=host)
        if notify and waited >= AUDIO_NOTICE:
            notice = delivery_for(claimed.watch, Topic.NO_AUDIO, now)
            await self._outbox.add(replace(notice, created_at=delivery.created_at, audio_missing_since=since))

    async def _save_and_post(self, post: Post, rest: tuple[str, ...] = ()) -> None:
        """Saves what the message contains, posts it, marks it as sent: after a crash in between, it contains the same.

        `rest`: keys of the clips that get a delivery of their own.
        """
        now, delivery = self._clock.now(), post.claimed.delivery
        if post.clip_files:
            clips = tuple(each.key for each in post.clip_files)
            missing = any(may_come(each) for each in post.clip_files)  # otherwise a failure restarts the wait for audio
            since = delivery.audio_missing_since if missing else None
            delivery = replace(delivery, clips=clips, audio_missing_since=since)
        others = _rest_of(post.claimed, rest, now)
        async with self._posting:
            now = self._clock.now()
            await self._outbox.trying(delivery, now, others)
            message_id = await self._post_in_some_form(replace(post, claimed=replace(post.claimed, tried_at=now)))
        if message_id is not None:
            await self._mark_sent(post, delivery, [(message_id, delivery.clips)])

    async def _post_in_some_form(self, post: Post) -> int | None:
        """Posts it in the first form that Discord accepts; None: in none of them for now."""
        omitted: AbstractSet[MessagePart] | None = frozenset()
        while omitted is not None:
            try:
                return await self._poster.post(post, omitted)
            except PostError as failure:
                omitted = await self._after_refusal(post.claimed, failure, omitted)
                if (
                    omitted is not None
                    and failure.is_ambiguous
                    and (found := await self._poster.find(post.claimed)) is not None
                ):
                    return found  # it did arrive
        return None

    async def _after_refusal(
        self, claimed: ClaimedDelivery, failure: PostError, omitted: AbstractSet[MessagePart]
    ) -> AbstractSet[MessagePart] | None:
        """The parts to leave out next; None: the failure is handled."""
        self._outcomes[meaning(failure)] += 1
        log.info("delivery %s: %s: %s", claimed.delivery.id, meaning(failure), failure)
        return await self._failure_handler.after_refusal(claimed, failure, omitted)

    async def _mark_sent(self, post: Post, delivery: Delivery, parts: Sequence[PostedPart]) -> None:
        """Completes even while the bot is stopping: what is sent must be saved as sent."""
        self._outcomes[SENT] += 1
        songs = [song for part in parts for song in self._songs(post, delivery.topic, *part)]
        await complete(self._outbox.sent(delivery, parts[0][0], self._clock.now(), songs))

    def _songs(self, post: Post, topic: Topic, message_id: int, keys: Collection[str]) -> list[NewSong]:
        """For the library; none of a message that was deleted before it was found."""
        if topic is not Topic.SONGS or post.found is None or not message_id:
            return []
        posting = Posting(
            place=self._poster.place(post.claimed, message_id),
            gateway=post.found.gateway,
            user_id=post.claimed.watch.user_id,
            at=self._clock.now(),
            newest=True,
            lyrics=_lyrics_beside(post.claimed),
        )
        return songs_of(post.found.task, keys, posting)


def _known(claimed: ClaimedDelivery) -> Found | None:
    """The task as of the last poll; None: no gateway has known it yet."""
    snapshot = claimed.snapshot
    return Found(snapshot.task, snapshot.gateway) if snapshot.task else None


def _known_songs(claimed: ClaimedDelivery) -> Task | None:
    """The task of a delivery of songs, if they are known already."""
    task = claimed.snapshot.task
    return task if claimed.delivery.topic is Topic.SONGS and task and task.clips else None


def _rest_of(claimed: ClaimedDelivery, keys: tuple[str, ...], now: float) -> Delivery | None:
    """A delivery of those songs; None: there are none."""
    if not keys:
        return None
    identity = delivery_id(claimed.watch.id, claimed.watch.created_at, Topic.SONGS, keys)
    return replace(claimed.delivery, id=identity, clips=keys, due_at=now)


def _lyrics_beside(claimed: ClaimedDelivery) -> str:
    """The text of the lyrics that go with the song."""
    task = claimed.lyrics.task if claimed.lyrics else None
    return task.lyrics.text if task and task.lyrics else ""
