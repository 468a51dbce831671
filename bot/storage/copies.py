"""A database that is a copy: a restored backup, or a promoted replica. What came after it was made is unknown."""

from sqlalchemy import update

from bot.storage.backup import COPIED
from bot.storage.engines.counters import skip_numbers
from bot.storage.engines.expressions import upsert
from bot.storage.key_values import value_of
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
            copied_at = await connection.scalar(value_of(COPIED))
            if copied_at is None or copied_at == await connection.scalar(value_of(_RESUMED)):
                return
            await connection.run_sync(skip_numbers, _LOST)
            followed = watches.c.card_due_at.is_not(None)
            await connection.execute(update(watches).where(followed).values(card_shows="", card_due_at=now))
            await connection.execute(upsert(key_values, {"key": _RESUMED, "value": copied_at}))
