"""Single facts about the bot itself, such as the commands last registered at Discord, by key."""

from sqlalchemy import select

from bot.storage.engines.expressions import insert
from bot.storage.schema import key_values
from bot.storage.transaction import Transactions


class KeyValueStore(Transactions):
    async def get_value(self, key: str) -> str | None:
        async with self._transaction(read_only=True) as connection:
            value: str | None = await connection.scalar(select(key_values.c.value).where(key_values.c.key == key))
            return value

    async def set_value(self, key: str, value: str) -> None:
        statement = insert(key_values).values(key=key, value=value)
        statement = statement.on_conflict_do_update(index_elements=["key"], set_={"value": value})
        async with self._transaction() as connection:
            await connection.execute(statement)
