"""Who starred which song, and the messages on which the number of stars is still to be changed."""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, func, literal, select

from bot.domain.library import CountedMessage, Song, TakeStars
from bot.storage.engines.expressions import insert
from bot.storage.library import count_anew, is_listed, song_of
from bot.storage.schema import library, star_counts, stars
from bot.storage.transaction import Transactions


class StarStore(Transactions):
    async def song_in(self, channel_id: int, task_id: str, number: int, user_id: int) -> Song | None:
        """The song under whose post somebody presses."""
        this = (library.c.channel_id == channel_id) & (library.c.task_id == task_id) & (library.c.number == number)
        theirs = library.c.owner_id.in_([0, user_id]) & is_listed
        statement = select(library).where(this, theirs).order_by(library.c.owner_id).limit(1)
        async with self._transaction(read_only=True) as connection:
            row = (await connection.execute(statement)).mappings().first()
        return song_of(row) if row else None

    async def toggle(self, song: Song, user_id: int, now: float, *, pressed: tuple[int, int] | None = None) -> bool:
        """Whether the person stars it now. `pressed`: on which message, as channel and message."""
        this = (stars.c.song_id == song.id) & (stars.c.user_id == user_id)
        async with self._transaction() as connection:
            taken_back = (await connection.execute(delete(stars).where(this))).rowcount > 0
            if not taken_back:
                added = select(library.c.id, literal(user_id), literal(now)).where(library.c.id == song.id, is_listed)
                await connection.execute(insert(stars).from_select(["song_id", "user_id", "starred_at"], added))
            shown = (song.place.channel_id, song.place.message_id)
            await count_anew(connection, [shown, *([pressed] if pressed else [])], now)
        return not taken_back

    async def counts(self, channel_id: int, tasks: Collection[str]) -> dict[tuple[str, int], TakeStars]:
        """Of all songs of tasks in a channel, by task and number; those of which nothing is known are left out."""
        take = (library.c.clip_id, library.c.folded, library.c.chosen, library.c.message_id)
        statement = (
            select(library.c.task_id, library.c.number, *take, func.count(stars.c.user_id).label("stars"))
            .select_from(library.outerjoin(stars, stars.c.song_id == library.c.id))
            .where(library.c.channel_id == channel_id, library.c.task_id.in_(list(tasks)), is_listed)
            .group_by(library.c.id)
            .order_by(library.c.owner_id.desc())  # what everybody sees comes last, and stands
        )
        async with self._transaction(read_only=True) as connection:
            rows = (await connection.execute(statement)).all()
        return {
            (row.task_id, row.number): TakeStars(
                row.stars, row.clip_id, bool(row.folded), bool(row.chosen), row.message_id
            )
            for row in rows
        }

    async def due(self, now: float, limit: int) -> Sequence[CountedMessage]:
        columns = (star_counts.c.channel_id, star_counts.c.message_id, star_counts.c.due_at)
        statement = select(*columns).where(star_counts.c.due_at <= now).order_by(star_counts.c.due_at).limit(limit)
        async with self._transaction(read_only=True) as connection:
            return [CountedMessage(*row) for row in await connection.execute(statement)]

    async def next_due(self) -> float | None:
        async with self._transaction(read_only=True) as connection:
            due_at: float | None = await connection.scalar(select(func.min(star_counts.c.due_at)))
        return due_at

    async def counted(self, message: CountedMessage, again_at: float | None = None) -> None:
        """It shows what there was; unless somebody pressed meanwhile, that is all. `again_at`: it could not be done."""
        this = (star_counts.c.message_id == message.message_id) & (star_counts.c.due_at == message.due_at)
        async with self._transaction() as connection:
            if again_at is None:
                await connection.execute(delete(star_counts).where(this))
            else:
                await connection.execute(star_counts.update().where(this).values(due_at=again_at))
