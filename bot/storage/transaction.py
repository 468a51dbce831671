"""The base of all stores: each method is one transaction, and raises StorageError if the database fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import StorageError
from bot.storage.engines.options import DURABLE, LAZY, READ_ONLY


class Transactions:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def _transaction(
        self, *, read_only: bool = False, durable: bool = False, lazy: bool = False
    ) -> AsyncIterator[AsyncConnection]:
        """`durable`: once it is committed not even a power cut undoes it. `lazy`: a crash of the database may undo it,
        so that another one comes before whatever leaves this process because of it.
        """
        try:
            options = {READ_ONLY: read_only, DURABLE: durable, LAZY: lazy}
            async with self._engine.execution_options(**options).begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            # A rollback that fails during a cancellation would replace it: the worker would wait as after a fault, and
            # go on.
            if (task := asyncio.current_task()) and task.cancelling():
                raise asyncio.CancelledError from None
            # Not the error itself: its text contains the values of the statement.
            said = " ".join(str(getattr(error, "orig", None)).split())  # PostgreSQL's are of several lines
            raise StorageError(f"{type(error).__name__}: {said}") from None
