"""Facts about the bot itself, such as which commands Discord was given last, each under a name."""

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from bot.storage.schema import notes
from bot.storage.transaction import Transactions


class NoteStore(Transactions):
    async def note(self, key: str) -> str | None:
        async with self._transaction(read_only=True) as connection:
            value: str | None = await connection.scalar(select(notes.c.value).where(notes.c.key == key))
            return value

    async def keep_note(self, key: str, value: str) -> None:
        statement = insert(notes).values(key=key, value=value)
        statement = statement.on_conflict_do_update(index_elements=["key"], set_={"value": value})
        async with self._transaction() as connection:
            await connection.execute(statement)
