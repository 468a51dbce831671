"""Weekly charts of servers: their settings, the post of each week, and the songs in it."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, select, update

from bot.domain.charts import WEEK, Chart, ChartEntry, ChartPost, ChartState, chart_id, latest_slot, week_of
from bot.domain.library import ChannelGroup
from bot.storage.backup import COPIED
from bot.storage.engines.expressions import insert, upsert
from bot.storage.key_values import value_of
from bot.storage.library import found_songs, group_columns, is_for_all, is_listed, is_viewable
from bot.storage.rows import Row
from bot.storage.schema import chart_posts, charts, guilds, library, stars, unsent
from bot.storage.transaction import Transactions

_CHART = Chart.__struct_fields__
_POST = ("guild_id", "week", "id", "channel_id", "until", "reason", "attempts", "tried_at", "reported", "message_id")

_is_unsent = unsent(chart_posts)
_holding = guilds.alias("holding")
_is_paused = exists().where(_holding.c.guild_id == chart_posts.c.guild_id, _holding.c.paused.is_(True))
_is_on_chart = is_listed & library.c.folded.is_(False) & is_for_all


class ChartStore(Transactions):
    async def chart(self, guild_id: int) -> Chart | None:
        statement = select(charts).where(charts.c.guild_id == guild_id)
        async with self._transaction(read_only=True) as connection:
            row = (await connection.execute(statement)).mappings().first()
        return Chart(**row) if row else None

    async def turn_on(self, chart: Chart, failed: ChartPost | None = None) -> None:
        """Also with another channel or time. A post that waits goes to the new channel unless it may have arrived.

        `failed`: a post that is tried again, there.
        """
        values = {name: getattr(chart, name) for name in _CHART}
        waiting = (chart_posts.c.guild_id == chart.guild_id) & _is_unsent & chart_posts.c.tried_at.is_(None)
        async with self._transaction() as connection:
            await connection.execute(upsert(charts, values))
            await connection.execute(update(chart_posts).where(waiting).values(channel_id=chart.channel_id, due_at=0.0))
            if failed:
                again = {"state": ChartState.WAITING, "channel_id": chart.channel_id, "due_at": 0.0, "attempts": 0}
                again |= {"tried_at": None, "reported": False}
                await connection.execute(_key(update(chart_posts), failed.guild_id, failed.week).values(again))

    async def turn_off(self, guild_id: int) -> None:
        waiting = (chart_posts.c.guild_id == guild_id) & _is_unsent
        async with self._transaction() as connection:
            await connection.execute(update(charts).where(charts.c.guild_id == guild_id).values(due_at=None))
            await connection.execute(update(chart_posts).where(waiting).values(state=ChartState.SKIPPED))

    async def is_taken(self, guild_id: int, week: str) -> bool:
        """Whether that week has a chart already."""
        async with self._transaction(read_only=True) as connection:
            return await connection.scalar(_key(select(chart_posts.c.id), guild_id, week)) is not None

    async def last_post(self, guild_id: int) -> ChartPost | None:
        statement = _posts().where(chart_posts.c.guild_id == guild_id).order_by(chart_posts.c.until.desc()).limit(1)
        async with self._transaction(read_only=True) as connection:
            row = (await connection.execute(statement)).mappings().first()
        return _post_of(row) if row else None

    async def begin(self, now: float, limit: int) -> int:
        """Notes the posts that are due: for each server that of the latest week alone, and never two for one week.

        Returns the number of charts that were due.
        """
        async with self._transaction() as connection:
            due = select(charts).where(charts.c.due_at <= now).order_by(charts.c.due_at).limit(limit)
            found = [Chart(**row) for row in (await connection.execute(due)).mappings()]
            for chart in found:
                until = latest_slot(chart.due_at or now, now)
                new = insert(chart_posts).values(_new_post(chart, until, now)).on_conflict_do_nothing()
                await connection.execute(new)
                this = charts.c.guild_id == chart.guild_id
                await connection.execute(update(charts).where(this).values(due_at=until + WEEK))
        return len(found)

    async def due(self, now: float, limit: int) -> list[ChartPost]:
        """Those of servers whose posts are on hold are left out; the oldest of a server come first."""
        statement = _posts().where(_is_unsent, ~_is_paused, chart_posts.c.due_at <= now)
        async with self._transaction(read_only=True) as connection:
            rows = (await connection.execute(statement.order_by(chart_posts.c.due_at).limit(limit))).mappings()
            return sorted(map(_post_of, rows), key=lambda post: post.until)

    async def next_due(self) -> float | None:
        """When the next chart is to be begun, or posted."""
        begin = select(func.min(charts.c.due_at)).where(charts.c.due_at.is_not(None))
        post = select(func.min(chart_posts.c.due_at)).where(_is_unsent, ~_is_paused)
        async with self._transaction(read_only=True) as connection:
            moments = [await connection.scalar(each) for each in (begin, post)]
        return min((each for each in moments if each is not None), default=None)

    async def groups(self, guild_id: int, since: float, until: float) -> list[ChannelGroup]:
        """Where songs are that got stars in that time: it must be asked which of them the chart's readers may view."""
        statement = select(*group_columns()).distinct().select_from(_starred).where(_in_time(guild_id, since, until))
        async with self._transaction(read_only=True) as connection:
            return [ChannelGroup(**row) for row in (await connection.execute(statement)).mappings()]

    async def entries(
        self, guild_id: int, since: float, until: float, viewable: Collection[ChannelGroup], limit: int
    ) -> list[ChartEntry]:
        """The songs that most people starred in that time, each once, with its newest post."""
        here = _in_time(guild_id, since, until) & is_viewable(viewable)
        people = func.count(func.distinct(stars.c.user_id))
        ranked = (
            select(library.c.task_id, library.c.number, people.label("stars"), func.max(library.c.id).label("id"))
            .select_from(_starred)
            .where(here)
            .group_by(library.c.task_id, library.c.number)
            .order_by(people.desc(), func.min(stars.c.starred_at), library.c.task_id, library.c.number)
            .limit(limit)
        )
        async with self._transaction(read_only=True) as connection:
            rows = (await connection.execute(ranked)).all()
            found = {each.song.id: each for each in await found_songs(connection, 0, [row.id for row in rows])}
        return [ChartEntry(found[row.id], row.stars) for row in rows]

    async def trying(self, post: ChartPost, now: float) -> None:
        await self._change(post, tried_at=now)

    async def sent(self, post: ChartPost, state: ChartState, message_id: int | None = None) -> None:
        """Done with it: its stars do not count again. `state`: SENT or EMPTY."""
        changes = {"state": state, "reason": "", "message_id": message_id}
        counted = update(charts).where(charts.c.guild_id == post.guild_id, charts.c.counted_until < post.until)
        async with self._transaction() as connection:
            await connection.execute(_key(update(chart_posts), post.guild_id, post.week).values(changes))
            await connection.execute(counted.values(counted_until=post.until))

    async def put_off(
        self,
        post: ChartPost,
        due_at: float,
        reason: str,
        *,
        state: ChartState = ChartState.WAITING,
        attempts: int | None = None,
    ) -> None:
        changes: dict[str, Any] = {"due_at": due_at, "reason": reason, "state": state}
        await self._change(post, **changes | ({} if attempts is None else {"attempts": attempts}))

    async def give_up(self, post: ChartPost, state: ChartState, reason: str) -> None:
        """Its stars count in the next one. A chart that FAILED is turned off."""
        off = update(charts).where(charts.c.guild_id == post.guild_id).values(due_at=None)
        async with self._transaction() as connection:
            changes = {"state": state, "reason": reason}
            await connection.execute(_key(update(chart_posts), post.guild_id, post.week).values(changes))
            if state is ChartState.FAILED:
                await connection.execute(off)

    async def reported(self, post: ChartPost) -> None:
        await self._change(post, reported=True)

    async def forget(self, before: float) -> None:
        """What was posted before that."""
        async with self._transaction() as connection:
            await connection.execute(delete(chart_posts).where(chart_posts.c.until < before, ~_is_unsent))

    async def _change(self, post: ChartPost, **changes: Any) -> None:
        async with self._transaction() as connection:
            await connection.execute(_key(update(chart_posts), post.guild_id, post.week).values(changes))


def _new_post(chart: Chart, until: float, now: float) -> dict[str, Any]:
    return {
        "guild_id": chart.guild_id,
        "week": week_of(until),
        "id": chart_id(chart.guild_id, until),
        "channel_id": chart.channel_id,
        "until": until,
        "state": ChartState.WAITING,
        "reason": "",
        "due_at": now,
        "attempts": 0,
        "reported": False,
    }


_starred = library.join(stars, stars.c.song_id == library.c.id)


def _in_time(guild_id: int, since: float, until: float) -> ColumnElement[bool]:
    in_time = (stars.c.starred_at >= since) & (stars.c.starred_at < until)
    return (library.c.guild_id == guild_id) & _is_on_chart & in_time


def _key(statement: Any, guild_id: int, week: str) -> Any:
    return statement.where(chart_posts.c.guild_id == guild_id, chart_posts.c.week == week)


def _posts() -> Select[Any]:
    columns: list[ColumnElement[Any]] = [*(chart_posts.c[name] for name in _POST), chart_posts.c.state]
    columns.append(charts.c.user_id)
    columns += [charts.c.counted_until.label("since"), guilds.c.error_channel_id, guilds.c.locale]
    columns.append(value_of(COPIED).scalar_subquery().label("copied_at"))
    source = chart_posts.join(charts, charts.c.guild_id == chart_posts.c.guild_id)
    return select(*columns).select_from(source.outerjoin(guilds, guilds.c.guild_id == chart_posts.c.guild_id))


def _post_of(row: Row) -> ChartPost:
    """In a restored copy it is not known what was posted after it was made: any may have been."""
    values = {name: row[name] for name in _POST} | {"state": ChartState(row["state"]), "locale": row["locale"] or ""}
    values |= {name: row[name] for name in ("since", "user_id", "error_channel_id")}
    perhaps_tried = row["until"] if row["copied_at"] else None
    return ChartPost(**values | {"tried_at": row["tried_at"] or perhaps_tried})
