"""People's lookups, to be offered again."""

from collections.abc import Sequence

from sqlalchemy import delete, or_, select, union_all

from bot.domain.recent import Recent
from bot.storage.engines.expressions import one_of, upsert
from bot.storage.rows import MAX_TITLE
from bot.storage.schema import recents
from bot.storage.transaction import Transactions

KEPT_RECENTS = 100  # per person


class RecentStore(Transactions):
    async def save_recent(self, recent: Recent) -> None:
        """Keeps one row per person and task; deletes the person's oldest ones."""
        values = {name: getattr(recent, name) for name in recent.__struct_fields__}
        values["title"] = recent.title[:MAX_TITLE]
        mine = recents.c.user_id == recent.user_id
        kept = select(recents.c.task_id).where(mine).order_by(recents.c.looked_up_at.desc()).limit(KEPT_RECENTS)
        async with self._transaction() as connection:
            await connection.execute(upsert(recents, values))
            await connection.execute(delete(recents).where(mine, recents.c.task_id.not_in(kept)))

    async def recent(self, user_id: int, channel_id: int, typed: str = "", limit: int = 25) -> list[Recent]:
        """What to offer the person here, newest first: their own lookups, and those that everyone in this channel saw.

        Only the newest of a channel are searched, however many there are.
        """
        own = select(recents).where(recents.c.user_id == user_id)
        shown = select(recents).where(recents.c.channel_id == channel_id, recents.c.public)
        shown = shown.order_by(recents.c.looked_up_at.desc()).limit(KEPT_RECENTS)
        offered = union_all(own, select(shown.subquery())).subquery()
        matches = or_(
            offered.c.task_id.contains(typed, autoescape=True), offered.c.title.icontains(typed, autoescape=True)
        )
        statement = select(offered).where(matches).order_by(offered.c.looked_up_at.desc()).limit(limit * 2)
        async with self._transaction(read_only=True) as connection:
            rows = (await connection.execute(statement)).mappings()
            newest = {row["task_id"]: Recent(**row) for row in reversed(rows.all())}
        return sorted(newest.values(), key=lambda row: -row.looked_up_at)[:limit]

    async def known_gateways(self, task_ids: Sequence[str]) -> dict[str, str]:
        """The gateways that knew the tasks in their last lookups."""
        statement = select(recents.c.task_id, recents.c.gateway).where(one_of(recents.c.task_id, task_ids))
        async with self._transaction(read_only=True) as connection:
            rows = await connection.execute(statement.order_by(recents.c.looked_up_at))
            return {row.task_id: row.gateway for row in rows}
