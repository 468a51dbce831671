"""A database that is a copy: a restored backup, or a promoted replica. What came after it was made is unknown."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.backup import COPIED
from bot.storage.engines.counters import skip_numbers
from bot.storage.engines.expressions import insert
from bot.storage.schema import key_values, watches
from bot.storage.transaction import Transactions

_RESUMED = "resumed_copy"  # the key of the time of the copy for which this was done
_LOST = 1_000_000  # numbers that may have been given out since then: more than in a month of the busiest bot


class CopyStore(Transactions):
    """All methods raise StorageError."""

    async def resume(self, now: float) -> None:
        """At the first start on a copy: numbers go on beyond those that buttons in Discord may hold, and every card
        that follows a task is shown again, since it may have been edited.
        """
        async with self._transaction() as connection:
            copied_at = await _value(connection, COPIED)
            if copied_at is None or copied_at == await _value(connection, _RESUMED):
                return
            await connection.run_sync(skip_numbers, _LOST)
            followed = watches.c.card_due_at.is_not(None)
            await connection.execute(update(watches).where(followed).values(card_shows="", card_due_at=now))
            statement = insert(key_values).values(key=_RESUMED, value=copied_at)
            statement = statement.on_conflict_do_update(index_elements=["key"], set_={"value": copied_at})
            await connection.execute(statement)


async def _value(connection: AsyncConnection, key: str) -> str | None:
    value: str | None = await connection.scalar(select(key_values.c.value).where(key_values.c.key == key))
    return value
