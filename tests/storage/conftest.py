"""Every test of the stores runs on SQLite, and on PostgreSQL if there is a server: `make postgres`."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.database import open_database
from bot.storage.delivery_overview import DeliveryOverview
from bot.storage.outbox import Outbox
from bot.storage.polls import PollStore
from bot.storage.recents import RecentStore
from bot.storage.watches import WatchStore
from tests.postgresql import emptied, new_database
from tests.storage.plans_on_postgresql import Planner, fill, statements

ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Of a SQLite file that is not there yet."""
    return f"sqlite+aiosqlite:///{tmp_path}/data/bot.db"


@pytest.fixture(scope="session")
def planner() -> Iterator[Planner]:
    with new_database() as url:
        fill(url)
        yield Planner(url.replace("+psycopg", ""))


@pytest.fixture(autouse=True)
def _no_whole_tables_on_postgresql(request: pytest.FixtureRequest) -> Iterator[None]:
    """No statement run by any test scans a growing table."""
    if not request.node.get_closest_marker("postgres"):
        yield
        return
    planner: Planner = request.getfixturevalue("planner")
    with statements() as seen:
        yield
    assert planner.scans(seen) == []


@pytest.fixture(params=ENGINES)
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[AsyncEngine]:
    """An empty database of each kind."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    else:
        url = request.getfixturevalue("url")
        file = Path(url.partition("///")[2])
        file.parent.mkdir()
        shutil.copy(request.getfixturevalue("new_database"), file)
    async with open_database(url) as engine:
        yield engine
        if request.param == "postgresql":
            await emptied(engine)


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
