"""Values that the bot stores about itself."""

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.key_values import KeyValueStore


async def test_a_value_is_kept_and_replaced(engine: AsyncEngine) -> None:
    store = KeyValueStore(engine)
    assert await store.get_value("commands") is None
    await store.set_value("commands", "a")
    await store.set_value("commands", "b")
    assert await store.get_value("commands") == "b"
