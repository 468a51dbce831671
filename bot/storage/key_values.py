"""Single facts about the bot itself, such as the commands last registered at Discord, by key."""

from sqlalchemy import Select, select

from bot.storage.engines.expressions import upsert
from bot.storage.schema import key_values
from bot.storage.transaction import Transactions


class KeyValueStore(Transactions):
    async def get_value(self, key: str) -> str | None:
        async with self._transaction(read_only=True) as connection:
            return await connection.scalar(value_of(key))

    async def set_value(self, key: str, value: str) -> None:
        async with self._transaction() as connection:
            await connection.execute(upsert(key_values, {"key": key, "value": value}))


def value_of(key: str) -> Select[str]:
    """Within a transaction that is about more than that value."""
    return select(key_values.c.value).where(key_values.c.key == key)
