"""The worker that posts charts when they are due: once for each week, also after a crash or weeks off."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from enum import Enum
from typing import Protocol

from bot.domain.charts import WEEK, ChartEntry, ChartPost, ChartState
from bot.domain.delivery import MAX_ATTEMPTS, RECHECK, retry_delay
from bot.domain.discord_errors import Meaning, meaning
from bot.domain.library import ChannelGroup
from bot.errors import PostError, StorageError
from bot.services.charts.service import entries
from bot.services.clock import Clock, Wakeup
from bot.services.storage_retry import wait_for_storage
from bot.shutdown import complete
from bot.storage.charts import ChartStore

_AT_ONCE = 10  # servers whose charts are posted at the same time
_CONNECTING = 5.0  # seconds until a server is looked for again whose shard is not connected

log = logging.getLogger(__name__)


class Presence(Enum):
    """Of the bot in a server."""

    THERE = "there"
    UNKNOWN = "unknown"  # not connected yet, or Discord has an outage
    LEFT = "left"


class ChartPoster(Protocol):
    """The port through which charts are posted. All but `presence` raise PostError."""

    def presence(self, guild_id: int) -> Presence: ...
    async def audience(
        self, guild_id: int, channel_id: int, groups: Sequence[ChannelGroup]
    ) -> Collection[ChannelGroup]:
        """Those that everybody may view who may view that channel."""
        ...

    async def find(self, post: ChartPost) -> int | None:
        """The message of a post that was tried before, if it did arrive."""
        ...

    async def post(self, post: ChartPost, found: Sequence[ChartEntry], *, titled: bool) -> int:
        """The id of the message. `titled`: with the songs' titles, which AutoMod may refuse."""
        ...

    async def report(self, post: ChartPost, *, gone: bool) -> None:
        """Tells a manager that it cannot be posted; `gone`: and never will be, so that the chart is off."""
        ...


class ChartSender:
    def __init__(self, store: ChartStore, poster: ChartPoster, clock: Clock, wakeup: Wakeup) -> None:
        self._store = store
        self._poster = poster
        self._clock = clock
        self._wakeup = wakeup

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                while await self._store.begin(self._clock.now(), _AT_ONCE):
                    pass
                due = await self._store.due(self._clock.now(), _AT_ONCE)
                await self._send_all(due)
                if not due:
                    await self._wakeup.wait(await self._store.next_due())
            except StorageError as error:
                await wait_for_storage(self._clock, log, error)

    async def _send_all(self, due: Sequence[ChartPost]) -> None:
        """Those of one server one after the other. Raises StorageError, when the others are done."""
        by_guild: defaultdict[int, list[ChartPost]] = defaultdict(list)
        for post in due:
            by_guild[post.guild_id].append(post)
        results = await asyncio.gather(*map(self._send_each, by_guild.values()), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _send_each(self, posts: Sequence[ChartPost]) -> None:
        for post in posts:
            await self._try(post)

    async def _try(self, post: ChartPost) -> None:
        """Records every outcome; whatever happens to it, the others continue. Raises StorageError only."""
        try:
            try:
                await self._send(post)
            except PostError as failure:
                await self._refused(post, failure)
        except StorageError:
            raise
        except Exception:
            log.exception("the chart of server %d failed because of an unexpected error", post.guild_id)
            await self._again(post, "an unexpected error")

    async def _send(self, post: ChartPost) -> None:
        match self._poster.presence(post.guild_id):
            case Presence.UNKNOWN:
                await self._store.put_off(post, self._clock.now() + _CONNECTING, "the server is not connected yet")
                return
            case Presence.LEFT:
                await self._store.give_up(post, ChartState.SKIPPED, "the bot is no longer in the server")
                return
        if post.tried_at is not None and (message_id := await self._poster.find(post)) is not None:
            await self._store.sent(post, ChartState.SENT, message_id)
        elif self._clock.now() >= post.until + WEEK:
            await self._store.give_up(post, ChartState.SKIPPED, "the next one is due")
        else:
            await self._post(post)

    async def _post(self, post: ChartPost) -> None:
        async def audience(groups: Sequence[ChannelGroup]) -> Collection[ChannelGroup]:
            return await self._poster.audience(post.guild_id, post.channel_id, groups)

        found = await entries(self._store, post.guild_id, post.since, post.until, audience)
        if not found:
            await self._store.sent(post, ChartState.EMPTY)
            return
        await self._store.trying(post, self._clock.now())
        message_id = await self._post_in_some_form(post, found)
        await self._mark_sent(post, message_id)

    async def _post_in_some_form(self, post: ChartPost, found: Sequence[ChartEntry]) -> int:
        try:
            return await self._poster.post(post, found, titled=True)
        except PostError as failure:
            if meaning(failure) is not Meaning.CONTENT:
                raise
            log.info("the chart of server %d is tried without titles: %s", post.guild_id, failure)
            return await self._poster.post(post, found, titled=False)

    async def _mark_sent(self, post: ChartPost, message_id: int) -> None:
        """Completes even while the bot is stopping: what is sent must be saved as sent."""
        await complete(self._store.sent(post, ChartState.SENT, message_id))

    async def _refused(self, post: ChartPost, failure: PostError) -> None:
        log.info("the chart of server %d: %s: %s", post.guild_id, meaning(failure), failure)
        match meaning(failure):
            case Meaning.LATER:
                delay = max(failure.retry_after, retry_delay(post.attempts + 1))
                await self._put_off(post, delay, str(failure))
            case Meaning.BLOCKED:
                due_at = self._clock.now() + RECHECK
                await self._store.put_off(post, due_at, str(failure), state=ChartState.BLOCKED)
                await self._report(post, gone=False)
            case Meaning.UNKNOWN:
                await self._again(post, str(failure))
            case _:
                await self._fail(post, str(failure))

    async def _again(self, post: ChartPost, reason: str) -> None:
        """But not forever."""
        if post.attempts + 1 >= MAX_ATTEMPTS:
            await self._fail(post, reason)
        else:
            await self._put_off(post, retry_delay(post.attempts + 1), reason)

    async def _put_off(self, post: ChartPost, seconds: float, reason: str) -> None:
        await self._store.put_off(post, self._clock.now() + seconds, reason, attempts=post.attempts + 1)

    async def _fail(self, post: ChartPost, reason: str) -> None:
        """Tells the manager first: after a crash in between, the same notice is sent again."""
        log.error("the chart of server %d is turned off: %s", post.guild_id, reason)
        await self._report(post, gone=True)
        await self._store.give_up(post, ChartState.FAILED, reason)

    async def _report(self, post: ChartPost, *, gone: bool) -> None:
        """Once; later, if Discord asks for that."""
        if post.reported and not gone:
            return
        try:
            await self._poster.report(post, gone=gone)
        except PostError as failure:
            log.warning("the manager of the chart of server %d cannot be told: %s", post.guild_id, failure)
            if meaning(failure) is Meaning.LATER:
                return
        await self._store.reported(post)
