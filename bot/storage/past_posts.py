"""Posts of songs that are older than the library: its migration notes the first delivery that it need not look for."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, select, update

from bot.domain.delivery import State, Topic
from bot.domain.library import NewSong, PastPost
from bot.domain.task import Task
from bot.storage.key_values import value_of
from bot.storage.library import keep_in_library
from bot.storage.rows import Row
from bot.storage.schema import answers, deliveries, key_values, tasks, watches
from bot.storage.transaction import Transactions

BEFORE = "library_before"  # the note with the `seq` of the delivery before which posts are still to be added

_lyrics = answers.alias("lyrics")
_tasks = msgspec.json.Decoder(Task)
_texts = msgspec.json.Decoder(tuple[str, ...])


class PastPostStore(Transactions):
    async def next_posts(self, limit: int) -> list[PastPost] | None:
        """The newest that were not added yet; None: all were."""
        async with self._transaction(read_only=True) as connection:
            seq = await connection.scalar(value_of(BEFORE))
            if seq is None:
                return None
            rows = (await connection.execute(_posts(int(seq), limit))).mappings().all()
        return [_post_of(row) for row in rows]

    async def add(self, songs: Sequence[NewSong], posts: Sequence[PastPost]) -> None:
        """`posts`: what `next_posts` gave; none: that was all."""
        note = key_values.c.key == BEFORE
        async with self._transaction() as connection:
            await keep_in_library(connection, songs)
            if posts:
                oldest = str(min(post.seq for post in posts))
                await connection.execute(update(key_values).where(note).values(value=oldest))
            else:
                await connection.execute(delete(key_values).where(note))


def _posts(before: int, limit: int) -> Any:
    lyrics = select(_lyrics.c.task).where(_lyrics.c.task_id == watches.c.lyrics_id).scalar_subquery()
    columns = [
        *(deliveries.c.seq, deliveries.c.clips, deliveries.c.channel_id, deliveries.c.message_id, deliveries.c.sent_at),
        *(answers.c.task, tasks.c.gateway, watches.c.user_id, watches.c.guild_id),
        (watches.c.channel_id == deliveries.c.channel_id).label("in_place"),
        lyrics.label("lyrics"),
    ]
    source = (
        deliveries.join(watches, watches.c.id == deliveries.c.watch_id)
        .join(tasks, tasks.c.task_id == watches.c.task_id)
        .join(answers, answers.c.task_id == watches.c.task_id)
    )
    songs = (deliveries.c.topic == Topic.SONGS) & (deliveries.c.state == State.SENT) & (deliveries.c.message_id > 0)
    statement = select(*columns).select_from(source).where(deliveries.c.seq < before, songs)
    return statement.order_by(deliveries.c.seq.desc()).limit(limit)


def _post_of(row: Row) -> PastPost:
    words = _tasks.decode(row["lyrics"]).lyrics if row["lyrics"] else None
    return PastPost(
        seq=row["seq"],
        task=_tasks.decode(row["task"]),
        gateway=row["gateway"],
        clips=_texts.decode(row["clips"]),
        lyrics=words.text if words else "",
        user_id=row["user_id"],
        guild_id=(row["guild_id"] or 0) if row["in_place"] else 0,
        channel_id=row["channel_id"],
        message_id=row["message_id"],
        sent_at=row["sent_at"] or 0.0,
    )
