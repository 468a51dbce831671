"""What people looked up, on a real file."""

import re
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.recent import Recent
from bot.errors import StorageError
from bot.storage.recents import KEPT_RECENTS, RecentStore

ADA, BEN = 1, 2
HERE, ELSEWHERE = 10, 11


def recent(user_id: int = ADA, task_id: str = "task_1", at: float = 0, **fields: Any) -> Recent:
    values: dict[str, Any] = {"channel_id": HERE, "public": True, "gateway": "default", "title": "Rain"}
    return Recent(user_id=user_id, task_id=task_id, looked_up_at=at, **(values | fields))


async def test_the_newest_lookup_is_listed_first_and_once(store: RecentStore) -> None:
    await store.save_recent(recent(task_id="old", at=1))
    await store.save_recent(recent(task_id="new", at=2))
    await store.save_recent(recent(task_id="old", at=3, title="Later"))
    assert [(each.task_id, each.title) for each in await store.recent(ADA, HERE)] == [("old", "Later"), ("new", "Rain")]


async def test_others_see_what_was_shown_to_all_in_their_channel_and_nothing_else(store: RecentStore) -> None:
    await store.save_recent(recent(task_id="public", at=1))
    await store.save_recent(recent(task_id="private", at=2, public=False))
    await store.save_recent(recent(task_id="elsewhere", at=3, channel_id=ELSEWHERE))
    assert [each.task_id for each in await store.recent(BEN, HERE)] == ["public"]
    assert [each.task_id for each in await store.recent(ADA, HERE)] == ["elsewhere", "private", "public"]


async def test_a_task_that_two_people_looked_up_is_offered_once(store: RecentStore) -> None:
    await store.save_recent(recent(ADA, at=1))
    await store.save_recent(recent(BEN, at=2))
    assert len(await store.recent(ADA, HERE)) == 1


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("RAIN", {"task_1", "task-2"}),
        ("ask_", {"task_1"}),
        ("%", set()),
        ("k_1", {"task_1"}),
        ("", {"task_1", "task-2"}),
    ],
)
async def test_titles_and_ids_are_searched_to_the_letter(store: RecentStore, typed: str, found: set[str]) -> None:
    await store.save_recent(recent(task_id="task_1"))
    await store.save_recent(recent(task_id="task-2"))
    assert {each.task_id for each in await store.recent(ADA, HERE, typed)} == found


async def test_only_the_newest_of_a_person_are_kept(store: RecentStore) -> None:
    await store.save_recent(recent(BEN, "bens", at=0))
    for number in range(KEPT_RECENTS + 5):
        await store.save_recent(recent(ADA, f"t{number}", at=number))
    mine = await store.recent(ADA, ELSEWHERE, limit=500)
    assert len(mine) == KEPT_RECENTS
    assert mine[-1].task_id == "t5"
    assert len(await store.recent(BEN, ELSEWHERE)) == 1


async def test_the_gateway_that_knew_a_task_last_is_remembered(store: RecentStore) -> None:
    await store.save_recent(recent(ADA, at=1, gateway="default"))
    await store.save_recent(recent(BEN, at=2, gateway="backup"))
    assert await store.known_gateways(["task_1", "other"]) == {"task_1": "backup"}


async def test_a_failing_database_is_an_error_of_ours_without_the_values(
    store: RecentStore, engine: AsyncEngine
) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE recents RENAME TO older"))
    with pytest.raises(StorageError) as failure:
        await store.save_recent(recent(title="a private title"))
    assert re.search("no such table|does not exist", str(failure.value))
    assert "private" not in str(failure.value)
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE older RENAME TO recents"))
