"""Orders with a real database, real sockets, and a clock that can be set forward."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.database import open_database
from bot.storage.orders import OrderStore
from tests.clock import JumpingClock


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/bot.db") as opened:
        yield opened


@pytest.fixture
async def store(engine: AsyncEngine) -> OrderStore:
    return OrderStore(engine)


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()
