"""The lease on a real server, and what it keeps from being written."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import DatabaseInUse, LeadershipLost, StorageError
from bot.storage.database import open_database, open_seat
from bot.storage.engines.postgresql import opened
from bot.storage.key_values import KeyValueStore
from bot.storage.leadership import Term, steady
from bot.storage.lease import LeaseStore, Taken
from bot.storage.seat import Database, Seat
from sandbox.local_gateway.tcp_proxy import TcpProxy
from tests.postgresql import new_database

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    with new_database() as url:
        yield url


@asynccontextmanager
async def leading(url: str) -> AsyncIterator[tuple[Seat, Database]]:
    async with open_seat(url) as seat, seat.term(wait=True) as database:
        yield seat, database


async def lease(engine: AsyncEngine) -> tuple[int, str]:
    async with engine.connect() as connection:
        row = (await connection.execute(text("SELECT epoch, holder FROM suno_watch_leader"))).one()
        return row.epoch, row.holder


async def take_over(engine: AsyncEngine) -> None:
    """As another process does when the lease has ended."""
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE suno_watch_leader SET epoch = epoch + 1, holder = 'another'"))


async def test_the_others_wait_and_commands_are_refused(database_url: str) -> None:
    async with leading(database_url) as (seat, _), open_seat(database_url) as second:
        waiting = asyncio.create_task(AsyncExitStack().enter_async_context(second.term(wait=True)))
        with pytest.raises(DatabaseInUse, match="another bot is running"):
            async with open_database(database_url):
                pytest.fail("two at once")
        assert seat.state.leads
        assert not second.state.leads
        assert second.state.leader
        waiting.cancel()


async def test_a_database_far_away_can_be_led(database_url: str) -> None:
    """Each request takes a tenth of a second: what a start needs takes longer than the answer to a renewal may."""
    where = make_url(database_url)
    async with TcpProxy(where.port or 0) as line:
        line.delay = 0.05
        async with leading(where.set(port=line.port).render_as_string(hide_password=False)) as (_, database):
            await KeyValueStore(database.engine).set_value("written", "from far away")


async def test_a_database_that_does_not_answer_is_called_that(database_url: str) -> None:
    where = make_url(database_url)
    async with TcpProxy(where.port or 0) as line:
        url = where.set(port=line.port)
        store = LeaseStore(create_async_engine(url, isolation_level="AUTOCOMMIT"), lambda _: None, patience=0.3)
        await store.create()
        line.flowing.clear()
        with pytest.raises(StorageError, match=r"does not answer within 0\.3 s"):
            await store.look()
        line.flowing.set()
        assert (await store.look()).epoch >= 0
        await store.close()


async def test_nothing_is_written_after_a_take_over(database_url: str) -> None:
    async def work() -> None:
        async with leading(database_url) as (_, database):
            store = KeyValueStore(database.engine)
            await store.set_value("written", "in time")
            await take_over(database.engine)
            with pytest.raises(LeadershipLost):
                await store.set_value("written", "too late")
            with pytest.raises(LeadershipLost):
                database.check()
            await asyncio.Event().wait()

    with pytest.raises(LeadershipLost):
        await work()
    async with leading(database_url) as (_, database):
        assert await KeyValueStore(database.engine).get_value("written") == "in time"


async def test_an_epoch_that_comes_twice_is_not_the_same(database_url: str) -> None:
    """A promoted server may lack the epoch that a leader has, and give it to another one."""
    async with leading(database_url) as (_, database):
        epoch, _holder = await lease(database.engine)
        impostor = Term(Taken(epoch=epoch, holder="somebody else", timeline="", now=0.0), steady(), 60.0)
        async with opened(make_url(database_url), impostor) as engine:
            with pytest.raises(LeadershipLost):
                await KeyValueStore(engine).set_value("written", "by another")


async def test_nothing_is_written_to_a_promoted_server_in_the_name_of_a_term_before(database_url: str) -> None:
    """It has the lease as it was, and the leader reaches it before the next renewal."""
    async with leading(database_url) as (_, database):
        epoch, holder = await lease(database.engine)
        before = Term(Taken(epoch=epoch, holder=holder, timeline="", now=0.0), steady(), 60.0, timeline="0000002A")
        async with opened(make_url(database_url), before) as engine:
            with pytest.raises(LeadershipLost, match="another server"):
                await KeyValueStore(engine).set_value("written", "by the leader before")


async def test_a_take_over_waits_for_what_is_being_written_and_a_renewal_does_not(database_url: str) -> None:
    async def work(other: AsyncEngine) -> None:
        async with leading(database_url) as (_, database):
            async with database.engine.begin() as writing:
                await writing.execute(text("UPDATE notes SET value = 'x' WHERE key = 'written'"))
                statement = text("UPDATE suno_watch_leader SET until = clock_timestamp(), renewals = renewals + 1")
                async with asyncio.timeout(5), other.begin() as renewing:
                    await renewing.execute(statement)
                taking = asyncio.create_task(take_over(other))
                await asyncio.wait({taking}, timeout=0.5)
                assert not taking.done()
            await taking
            await asyncio.Event().wait()

    async with opened_unfenced(database_url) as other:
        with pytest.raises(LeadershipLost):
            await work(other)


@asynccontextmanager
async def opened_unfenced(url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(url)
    try:
        yield engine
    finally:
        await engine.dispose()


async def test_two_with_the_same_epoch_write_one_after_the_other(database_url: str) -> None:
    async with leading(database_url) as (_, database):
        epoch, holder = await lease(database.engine)
        term = Term(Taken(epoch=epoch, holder=holder, timeline="", now=0.0), steady(), 60.0)
        async with opened(make_url(database_url), term) as second:
            async with database.engine.begin():
                writing = asyncio.create_task(KeyValueStore(second).set_value("written", "beside"))
                await asyncio.wait({writing}, timeout=0.5)
                assert not writing.done()
            await writing
