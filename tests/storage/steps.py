"""How much work a statement is for SQLite, which a busy computer does not change."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncEngine


async def steps(engine: AsyncEngine, work: Callable[[], Awaitable[object]]) -> int:
    """How many times SQLite took ten steps of its machine."""
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += 1

    async with engine.connect() as one, engine.connect() as other:  # all that the pool has open
        drivers = [(await each.get_raw_connection()).driver_connection for each in (one, other)]
    for driver in drivers:
        assert driver is not None
        await driver.set_progress_handler(count, 10)
    try:
        await work()
    finally:
        for driver in drivers:
            assert driver is not None
            await driver.set_progress_handler(None, 100)
    assert counted, "it was not counted"
    return counted
