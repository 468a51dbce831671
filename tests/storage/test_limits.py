"""How many watches a person may have, added or joined, and which are suggested."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.id_forms import other_form
from bot.domain.task import Clip, Status, Task, TaskKind
from bot.domain.watch_results import WatchQuery
from bot.services.polling.record_poll import record_poll
from bot.storage.database import open_database
from bot.storage.polls import PollStore
from bot.storage.songs import KEPT, SongStore
from bot.storage.watches import WatchStore
from tests.storage.samples import ADA, BEN, CARL, NOW, SCHEDULE, add, answers, make_watch

TASK, OTHER, SONG = (f"{each}f0c1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b" for each in "123")


@pytest.fixture
async def songs(engine: AsyncEngine) -> SongStore:
    return SongStore(engine)


async def test_inherited_watches_count_against_the_limit(watches: WatchStore) -> None:
    """Two accounts that watch the same, and leave in turn."""
    for number in range(3):
        ids = [f"t{number}{each}" for each in "ab"]
        await add(watches, *(make_watch(each, user_id=ADA) for each in ids), most=2)
        joined = await add(watches, *(make_watch(each, user_id=BEN) for each in ids), most=2)
        assert (joined.watching, joined.most, joined.refused) == (2, 2, 2 if number else 0)
        assert len(joined.known) == (0 if number else 2)
        await watches.leave(ADA)
        assert (await watches.listed(WatchQuery(user_id=BEN), limit=100))[0] == 2
    again = await add(watches, make_watch("t0a", user_id=BEN), most=2)
    assert (len(again.known), again.refused, again.watching) == (1, 0, 2), "what they have is not counted twice"


async def test_joined_watches_count_against_the_limit(watches: WatchStore) -> None:
    await add(watches, make_watch("t1", user_id=BEN), make_watch("t2", user_id=BEN), most=2)
    await add(watches, make_watch("t3", user_id=CARL), make_watch("t4", user_id=CARL), most=2)
    await add(watches, make_watch("t1"), make_watch("t2"), most=2)
    for task_ids in (("t3", "t4"), ("t5",)):
        added = await add(watches, *map(make_watch, task_ids), most=2)
        assert (added.watched, added.known, added.refused, added.watching) == ((), (), len(task_ids), 2)


async def test_joined_watches_count_in_their_server_too(watches: WatchStore) -> None:
    await add(watches, make_watch("t1", user_id=BEN), make_watch("t2", user_id=BEN))
    added = await watches.add([make_watch("t1"), make_watch("t2")], most=9, most_here=1, gateways={})
    assert (len(added.known), added.refused, added.watching, added.most) == (1, 1, 1, 1)


async def test_suggestions_are_ones_own_by_id_or_title(watches: WatchStore, polls: PollStore) -> None:
    await add(watches, *(make_watch(f"t{number}", created_at=NOW + number) for number in range(3)))
    await add(watches, make_watch("t3", user_id=BEN, created_at=NOW + 3))
    await add(watches, make_watch("t3", created_at=NOW + 3))
    await watches.leave(ADA, WatchQuery(task_ids=["t2"]))
    rain = Clip(id="c1", status=Status.RUNNING, title="Rain" + "n" * 1_000, lyrics="Fog " * 20_000)
    await record_poll(
        polls, answers(Task(id="t1", kind=TaskKind.MUSIC, status=Status.RUNNING, clips=(rain,))), NOW, SCHEDULE
    )
    count, offered = await watches.offered(ADA, "", limit=2)
    assert (count, [each.task_id for each in offered]) == (3, ["t3", "t1"])
    assert len(offered[1].title) == 200, "and not the rest, nor the lyrics"
    assert [each.task_id for each in (await watches.offered(ADA, "rAIN", limit=25))[1]] == ["t1"]
    assert await watches.offered(ADA, "fog", limit=25) == (3, [])
    assert await watches.offered(CARL, "", limit=25) == (0, [])


async def test_a_watched_song_leads_to_its_task(watches: WatchStore, polls: PollStore, songs: SongStore) -> None:
    await add(watches, make_watch(TASK))
    clip = Clip(id=SONG, status=Status.RUNNING)
    await record_poll(
        polls, answers(Task(id=TASK, kind=TaskKind.MUSIC, status=Status.RUNNING, clips=(clip,))), NOW, SCHEDULE
    )
    dashless = {each: other_form(each) or "" for each in (TASK, SONG)}
    assert await songs.tasks_of([TASK, SONG, *dashless.values(), OTHER]) == {
        SONG: TASK, dashless[SONG]: TASK, dashless[TASK]: TASK
    }  # fmt: skip


async def test_a_tasks_own_id_means_itself_whatever_has_a_song_of_that_id(songs: SongStore) -> None:
    await songs.save({SONG: TASK, OTHER: SONG}, NOW)
    assert await songs.tasks_of([SONG, OTHER]) == {OTHER: SONG}


async def test_songs_are_remembered_for_a_year_and_through_a_restart(url: str) -> None:
    async with open_database(url) as engine:
        await SongStore(engine).save({SONG: TASK}, NOW)
    async with open_database(url) as engine:
        store = SongStore(engine)
        await store.forget(NOW + KEPT)
        assert await store.tasks_of([SONG]) == {SONG: TASK}
        await store.forget(NOW + KEPT + 1)
        assert await store.tasks_of([SONG]) == {}
