"""Posts of a task that came before another one in the same channel: the library knows the newest alone."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.delivery import Topic
from bot.storage.schema import deliveries, watches


async def earlier_posts(connection: AsyncConnection, task_id: str, channels: Collection[int]) -> list[tuple[int, int]]:
    """As channel and message, the newest among them; those whose deliveries are still stored."""
    statement = (
        select(deliveries.c.channel_id, deliveries.c.message_id)
        .join(watches, watches.c.id == deliveries.c.watch_id)
        .where(watches.c.task_id == task_id, deliveries.c.topic == Topic.SONGS, deliveries.c.message_id > 0)
        .where(deliveries.c.channel_id.in_(channels))
    )
    return [(row.channel_id, row.message_id) for row in await connection.execute(statement)]
