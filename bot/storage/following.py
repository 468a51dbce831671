"""People who joined a watch of somebody else, and what happens to it when a person leaves."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Select, and_, delete, exists, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.watch import Watch, without
from bot.storage.engines.expressions import insert, one_of
from bot.storage.rows import to_json, watch_of
from bot.storage.schema import deliveries, followers, has_lyrics, tasks, watches


def follows(user_id: int) -> ColumnElement[bool]:
    """Watches that the person joined."""
    return watches.c.id.in_(_joined_by(user_id))


def concerns(user_id: int) -> ColumnElement[bool]:
    """Watches that the person started or joined: as one list, since for an OR of the two PostgreSQL reads them all."""
    own = watches.alias("own")
    return watches.c.id.in_(union_all(select(own.c.id).where(own.c.user_id == user_id), _joined_by(user_id)))


def _joined_by(user_id: int) -> Select[int]:
    return select(followers.c.watch_id).where(followers.c.user_id == user_id)


async def follow(connection: AsyncConnection, watch_id: int, request: Watch) -> None:
    """Adds the person of a request to an existing watch."""
    row = {"watch_id": watch_id, "user_id": request.user_id, "locale": request.user_locale, "since": request.created_at}
    await connection.execute(insert(followers).values(row).on_conflict_do_nothing())


async def hand_over(connection: AsyncConnection, user_id: int, which: ColumnElement[bool]) -> list[Watch]:
    """Hands a person's watches over to the first of those who joined them. Returns them as they were before."""
    mine = (watches.c.user_id == user_id) & which
    joined = watches.join(followers, followers.c.watch_id == watches.c.id)
    statement = select(watches, followers.c.user_id.label("successor"), followers.c.locale.label("successors_locale"))
    newest_first = statement.select_from(joined).where(mine).order_by(followers.c.since.desc())
    rows = {row["id"]: row for row in (await connection.execute(newest_first)).mappings()}
    for row in rows.values():
        watch, successor = without(watch_of(row), user_id), row["successor"]
        new = {"user_id": successor, "user_locale": row["successors_locale"], "mentions": to_json(watch.mentions)}
        await connection.execute(update(watches).where(watches.c.id == watch.id).values(new))
        await connection.execute(update(deliveries).where(deliveries.c.watch_id == watch.id).values(user_id=successor))
        await _forget(connection, watch.id, successor)
    return [watch_of(row) for row in rows.values()]


async def unfollow(connection: AsyncConnection, user_id: int, which: ColumnElement[bool]) -> list[Watch]:
    """Removes a person from watches of others, and their mention there."""
    rows = (await connection.execute(select(watches).where(follows(user_id), which))).mappings().all()
    for row in rows:
        watch = without(watch_of(row), user_id)
        new = {"mentions": to_json(watch.mentions)}
        await connection.execute(update(watches).where(watches.c.id == watch.id).values(new))
        await _forget(connection, watch.id, user_id)
    return [watch_of(row) for row in rows]


async def forget_tasks(connection: AsyncConnection, task_ids: Collection[str]) -> None:
    """Deletes tasks that no watch, open or ended, is about."""
    song = exists().where(watches.c.task_id == tasks.c.task_id)
    lyrics = exists().where(has_lyrics, watches.c.lyrics_id == tasks.c.task_id)
    await connection.execute(delete(tasks).where(one_of(tasks.c.task_id, task_ids), ~song, ~lyrics))


async def _forget(connection: AsyncConnection, watch_id: int, user_id: int) -> None:
    this = and_(followers.c.watch_id == watch_id, followers.c.user_id == user_id)
    await connection.execute(delete(followers).where(this))
