from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage.database import open_database
from bot.storage.store import Store


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/data/bot.db"


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    async with open_database(url) as engine:
        yield Store(engine)
