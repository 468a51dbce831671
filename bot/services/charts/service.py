"""Weekly charts as managers turn them on and off."""

from collections.abc import Awaitable, Callable, Collection, Sequence

from msgspec import Struct

from bot.domain.charts import (
    DEFAULT_HOUR,
    DEFAULT_WEEKDAY,
    MAX_SONGS,
    WEEK,
    Chart,
    ChartEntry,
    ChartPost,
    ChartState,
    next_slot,
    week_of,
)
from bot.domain.library import ChannelGroup
from bot.services.clock import Clock
from bot.storage.charts import ChartStore

Audience = Callable[[Sequence[ChannelGroup]], Awaitable[Collection[ChannelGroup]]]
"""Which of these groups of channels everybody may view who may view the chart's channel."""


class ChartStatus(Struct, frozen=True):
    """A server's chart, None: it never had one; and its newest post."""

    chart: Chart | None
    last: ChartPost | None

    @property
    def is_on(self) -> bool:
        return self.chart is not None and self.chart.due_at is not None


class Charts:
    """`changed` is called when a chart may be due. All methods raise StorageError."""

    def __init__(self, store: ChartStore, clock: Clock, changed: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._changed = changed

    async def status(self, guild_id: int) -> ChartStatus:
        return ChartStatus(await self._store.chart(guild_id), await self._store.last_post(guild_id))

    async def turn_on(
        self, guild_id: int, user_id: int, channel_id: int, *, weekday: int | None = None, hour: int | None = None
    ) -> None:
        """What is not given stays, or is the default. The first one is due within a week from now."""
        before = await self._store.chart(guild_id)
        if weekday is None:
            weekday = before.weekday if before else DEFAULT_WEEKDAY
        if hour is None:
            hour = before.hour if before else DEFAULT_HOUR
        due_at = next_slot(self._clock.now(), weekday, hour)
        while await self._store.is_taken(guild_id, week_of(due_at)):
            due_at += WEEK
        counted_until = due_at - WEEK
        failed = await self._failed(guild_id)
        if before:  # no star counts twice, nor is one lost because the time was changed, or the channel was deleted
            is_on = before.due_at is not None or failed is not None
            counted_until = before.counted_until if is_on else max(before.counted_until, counted_until)
        chart = Chart(
            guild_id=guild_id,
            channel_id=channel_id,
            weekday=weekday,
            hour=hour,
            user_id=user_id,
            counted_until=counted_until,
            due_at=due_at,
        )
        await self._store.turn_on(chart, failed)
        self._changed()

    async def _failed(self, guild_id: int) -> ChartPost | None:
        """The post that could not be made, if its week is not over: it is made where the chart is turned on again."""
        last = await self._store.last_post(guild_id)
        failed = last is not None and last.state is ChartState.FAILED and self._clock.now() < last.until + WEEK
        return last if failed else None

    async def turn_off(self, guild_id: int) -> None:
        await self._store.turn_off(guild_id)

    async def preview(self, chart: Chart, audience: Audience) -> list[ChartEntry]:
        """What it would show now."""
        return await entries(self._store, chart.guild_id, chart.counted_until, self._clock.now(), audience)


async def entries(store: ChartStore, guild_id: int, since: float, until: float, audience: Audience) -> list[ChartEntry]:
    """The songs of a chart. Raises StorageError, and what `audience` raises."""
    viewable = await audience(await store.groups(guild_id, since, until))
    return await store.entries(guild_id, since, until, viewable, MAX_SONGS) if viewable else []
