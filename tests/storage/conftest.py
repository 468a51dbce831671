import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.database import open_database
from bot.storage.delivery_overview import DeliveryOverview
from bot.storage.outbox import Outbox
from bot.storage.polls import PollStore
from bot.storage.recents import RecentStore
from bot.storage.watches import WatchStore


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/data/bot.db"


@pytest.fixture
async def engine(url: str, new_database: Path) -> AsyncIterator[AsyncEngine]:
    file = Path(url.partition("///")[2])
    file.parent.mkdir()
    shutil.copy(new_database, file)
    async with open_database(url) as engine:
        yield engine


@pytest.fixture
async def store(engine: AsyncEngine) -> RecentStore:
    return RecentStore(engine)


@pytest.fixture
async def watches(engine: AsyncEngine) -> WatchStore:
    return WatchStore(engine)


@pytest.fixture
async def polls(engine: AsyncEngine) -> PollStore:
    return PollStore(engine)


@pytest.fixture
async def outbox(engine: AsyncEngine) -> Outbox:
    return Outbox(engine)


@pytest.fixture
async def overview(engine: AsyncEngine) -> DeliveryOverview:
    return DeliveryOverview(engine)
