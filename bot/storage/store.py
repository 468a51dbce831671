"""Every statement, as a named method; each is one transaction, and each raises StorageError when the database fails."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import Struct
from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import StorageError
from bot.storage.database import READ_ONLY
from bot.storage.schema import notes, recents

KEPT_RECENTS = 100  # per person


class Recent(Struct, frozen=True, kw_only=True):
    """A task that someone looked up. `public`: everyone in the channel saw the answer."""

    user_id: int
    task_id: str
    channel_id: int
    public: bool
    gateway: str
    title: str
    looked_up_at: float


class Store:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def _transaction(self, *, read_only: bool = False) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.execution_options(**{READ_ONLY: read_only}).begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            # Not the error itself: its text holds the values of the statement.
            raise StorageError(f"{type(error).__name__}: {getattr(error, 'orig', None)}") from None

    async def note(self, key: str) -> str | None:
        async with self._transaction(read_only=True) as connection:
            value: str | None = await connection.scalar(select(notes.c.value).where(notes.c.key == key))
            return value

    async def keep_note(self, key: str, value: str) -> None:
        statement = insert(notes).values(key=key, value=value)
        statement = statement.on_conflict_do_update(index_elements=["key"], set_={"value": value})
        async with self._transaction() as connection:
            await connection.execute(statement)

    async def keep_recent(self, recent: Recent) -> None:
        """The newest look-up of a task by a person stands for all of theirs; the oldest tasks are forgotten."""
        values = {name: getattr(recent, name) for name in recent.__struct_fields__}
        statement = insert(recents).values(values)
        statement = statement.on_conflict_do_update(index_elements=["user_id", "task_id"], set_=values)
        mine = recents.c.user_id == recent.user_id
        kept = select(recents.c.task_id).where(mine).order_by(recents.c.looked_up_at.desc()).limit(KEPT_RECENTS)
        async with self._transaction() as connection:
            await connection.execute(statement)
            await connection.execute(delete(recents).where(mine, recents.c.task_id.not_in(kept)))

    async def recent(self, user_id: int, channel_id: int, typed: str = "", limit: int = 25) -> list[Recent]:
        """What the person may be offered here, newest first: their own, and what was shown to all in this channel."""
        visible = or_(recents.c.user_id == user_id, (recents.c.channel_id == channel_id) & recents.c.public)
        matches = or_(
            recents.c.task_id.contains(typed, autoescape=True), recents.c.title.icontains(typed, autoescape=True)
        )
        statement = select(recents).where(visible, matches).order_by(recents.c.looked_up_at.desc()).limit(limit * 2)
        async with self._transaction(read_only=True) as connection:
            rows = (await connection.execute(statement)).mappings()
            newest = {row["task_id"]: Recent(**row) for row in reversed(rows.all())}
        return sorted(newest.values(), key=lambda row: -row.looked_up_at)[:limit]

    async def known_gateway(self, task_id: str) -> str | None:
        """The gateway that knew the task when somebody looked it up last."""
        statement = select(recents.c.gateway).where(recents.c.task_id == task_id).limit(1)
        async with self._transaction(read_only=True) as connection:
            name: str | None = await connection.scalar(statement.order_by(recents.c.looked_up_at.desc()))
            return name
