"""All channels that the bot posts to."""

from msgspec import Struct
from sqlalchemy import or_, select, union

from bot.storage.schema import charts, deliveries, guilds, is_open, is_unsent, watches
from bot.storage.transaction import Transactions


class PostChannel(Struct, frozen=True):
    guild_id: int
    channel_id: int


class PostChannelStore(Transactions):
    async def all(self) -> list[PostChannel]:
        """In servers: channels of open watches, of unsent messages, of the servers' settings and charts."""
        unsent = watches.c.id.in_(select(deliveries.c.watch_id).where(is_unsent))
        watched = select(watches.c.guild_id, watches.c.channel_id).where(
            watches.c.guild_id.is_not(None), or_(is_open, unsent)
        )
        chosen = [
            select(guilds.c.guild_id, column).where(column.is_not(None))
            for column in (guilds.c.channel_id, guilds.c.error_channel_id)
        ]
        chosen.append(select(charts.c.guild_id, charts.c.channel_id).where(charts.c.due_at.is_not(None)))
        async with self._transaction(read_only=True) as connection:
            rows = await connection.execute(union(watched, *chosen).order_by("guild_id", "channel_id"))
            return [PostChannel(*row) for row in rows]
