"""Facts about the bot itself."""

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.notes import NoteStore


async def test_a_note_is_kept_and_replaced(engine: AsyncEngine) -> None:
    store = NoteStore(engine)
    assert await store.note("commands") is None
    await store.keep_note("commands", "a")
    await store.keep_note("commands", "b")
    assert await store.note("commands") == "b"
