"""Which task made a song, and in which form the bot knows a task's id."""

from collections.abc import Collection, Mapping

from msgspec import Struct
from sqlalchemy import Select, delete, func, literal_column, or_, select, union, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.id_forms import is_likely, other_form
from bot.storage.engines.expressions import insert, one_of
from bot.storage.schema import answers, recents, songs, tasks, watches
from bot.storage.transaction import Transactions

KEPT = 365 * 86_400.0  # seconds since a song was last seen
_MAX_OFFERED = 100  # tasks of each kind that are looked through
_MAX_SONGS = 500_000  # songs, of all people


class OfferedSongs(Struct, frozen=True):
    """A task with `count` songs."""

    task_id: str
    title: str
    count: int


class SongStore(Transactions):
    async def save(self, tasks_of: Mapping[str, str], now: float) -> None:
        """`tasks_of`: clip id to task id."""
        async with self._transaction() as connection:
            await save_songs(connection, tasks_of, now)

    async def forget(self, now: float) -> None:
        """Deletes songs that were not seen for a year, and the oldest ones beyond the limit."""
        beyond = select(songs.c.seen_at).order_by(songs.c.seen_at.desc()).limit(1).offset(_MAX_SONGS).scalar_subquery()
        async with self._transaction() as connection:
            await connection.execute(delete(songs).where(songs.c.seen_at < now - KEPT))
            await connection.execute(delete(songs).where(songs.c.seen_at <= beyond))

    async def offered(self, user_id: int, channel_id: int, typed: str, limit: int = 25) -> list[OfferedSongs]:
        """The newest first: what the person watched or looked up, and what was shown to all in the channel."""
        recent = select(recents.c.task_id, recents.c.title, recents.c.looked_up_at.label("at"))
        shown = recent.where(recents.c.channel_id == channel_id, recents.c.public)
        # By their ids, which are in the order of their times and in the index: somebody may have thousands of watches.
        mine = select(watches.c.task_id, watches.c.created_at).where(watches.c.user_id == user_id)
        newest = mine.order_by(watches.c.id.desc()).limit(_MAX_OFFERED).subquery()
        watched = select(newest.c.task_id, answers.c.title, newest.c.created_at.label("at"))
        watched = watched.join(answers, answers.c.task_id == newest.c.task_id)
        every = union_all(
            *(
                select(each.order_by(literal_column("at").desc()).limit(_MAX_OFFERED).subquery())
                for each in (recent.where(recents.c.user_id == user_id), shown, watched)
            )
        ).subquery()
        count = select(func.count()).where(songs.c.task_id == every.c.task_id).scalar_subquery()
        matches = or_(every.c.task_id.contains(typed, autoescape=True), every.c.title.icontains(typed, autoescape=True))
        statement = select(every, count.label("made")).where(matches, count > 0).order_by(every.c.at.desc())
        async with self._transaction(read_only=True) as connection:
            rows = (await connection.execute(statement.limit(limit * 3))).all()
        offered: dict[str, OfferedSongs] = {}
        for row in rows:
            offered.setdefault(row.task_id, OfferedSongs(row.task_id, row.title, row.made))
        return list(offered.values())[:limit]

    async def tasks_of(self, ids: Collection[str]) -> dict[str, str]:
        """Task ids for ids that are not known as a task's: another form of the same id, or a song's task.

        Unknown ids are left out.
        """
        forms = {each: [each, *filter(None, [other_form(each)])] for each in ids}
        every = list(dict.fromkeys(form for each in forms.values() for form in each))
        async with self._transaction(read_only=True) as connection:
            known = {row.task_id for row in await connection.execute(_known(every))}
            made = select(songs.c.clip_id, songs.c.task_id).where(one_of(songs.c.clip_id, every))
            by_song = {row.clip_id: row.task_id for row in await connection.execute(made)}
        resolved = {
            each: next((form for form in wanted if form in known), None)
            or next((by_song[form] for form in wanted if form in by_song), None)
            for each, wanted in forms.items()
        }
        return {each: task_id for each, task_id in resolved.items() if task_id and task_id != each}


def _known(ids: Collection[str]) -> Select[str]:
    """The ids that are known as a task's."""
    seen = tasks.c.asked_at.is_not(None) & (tasks.c.status != "")
    named = union(
        select(tasks.c.task_id).where(one_of(tasks.c.task_id, ids), seen),
        select(recents.c.task_id).where(one_of(recents.c.task_id, ids)),
        select(songs.c.task_id).where(one_of(songs.c.task_id, ids)),
    ).subquery()
    return select(named.c.task_id)


async def save_songs(connection: AsyncConnection, tasks_of: Mapping[str, str], now: float) -> None:
    """If several tasks have a song, the newest counts."""
    rows = [
        {"clip_id": clip_id, "task_id": task_id, "seen_at": now}
        for clip_id, task_id in tasks_of.items()
        if clip_id != task_id and is_likely(clip_id)
    ]
    if rows:
        statement = insert(songs)
        changes = {name: statement.excluded[name] for name in ("task_id", "seen_at")}
        await connection.execute(statement.on_conflict_do_update(index_elements=["clip_id"], set_=changes), rows)
