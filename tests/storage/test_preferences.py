"""What people have set: at hand without a word to the database, and the same after a restart."""

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.preferences import PersonSettings
from bot.storage.preferences import PreferenceStore
from tests.storage.samples import NOW

ADA, BEN = 1, 2


async def test_preferences_are_cached_and_survive_a_restart(engine: AsyncEngine) -> None:
    store, later = PreferenceStore(engine), PreferenceStore(engine)
    await store.save_person(PersonSettings(user_id=ADA, private=True))
    await store.save_person(PersonSettings(user_id=ADA, locale="zh-CN"))
    await later.recall()
    assert store.person(ADA) == later.person(ADA) == PersonSettings(user_id=ADA, locale="zh-CN")
    assert later.person(BEN) == PersonSettings(user_id=BEN)


async def test_nothing_is_at_hand_of_a_person_who_is_forgotten(engine: AsyncEngine) -> None:
    store = PreferenceStore(engine)
    await store.save_person(PersonSettings(user_id=ADA, private=True))
    await store.forget(ADA, NOW)
    assert store.person(ADA) == PersonSettings(user_id=ADA)
