"""Rows of charts and playlists, on each engine: one chart a week, whose stars count once; limits hold."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.charts import WEEK, Chart, ChartState, next_slot, week_of
from bot.domain.library import ChannelGroup, NewSong, PostedAt, Song
from bot.domain.playlists import Playlist
from bot.services.charts.service import Charts
from bot.services.playlists import Playlists
from bot.storage.charts import ChartStore
from bot.storage.library import LibraryStore
from bot.storage.playlists import PlaylistStore
from bot.storage.preferences import PreferenceStore
from bot.storage.stars import StarStore
from tests.clock import JumpingClock

ADA, BEN = 1, 2
STUDIO, SONGS, STAFF = 5, 10, 11
MONDAY = 1_795_424_400.0  # 2026-11-23 09:00 UTC
OPEN = ChannelGroup(STUDIO, 0, SONGS, False)


def song(task_id: str, channel_id: int = SONGS, *, owner_id: int = 0, **fields: Any) -> NewSong:
    place = PostedAt(
        guild_id=STUDIO, channel_id=channel_id, parent_id=channel_id, message_id=channel_id * 100, owner_id=owner_id
    )
    values: dict[str, Any] = {
        "number": 1,
        "clip_id": "c",
        "gateway": "g",
        "user_id": ADA,
        "style": "",
        "posted_at": 1.0,
    }
    return NewSong(song=Song(task_id=task_id, title=task_id, place=place, **values | fields), lyrics="", newest=True)


@pytest.fixture
async def charts(engine: AsyncEngine) -> ChartStore:
    library, stars = LibraryStore(engine), StarStore(engine)
    await library.keep([song("one"), song("two"), song("one", STAFF), song("secret", STAFF)])
    for task_id, channel_id, people in (
        ("one", SONGS, [ADA]),
        ("one", STAFF, [ADA, BEN]),
        ("two", SONGS, [ADA, BEN]),
        ("secret", STAFF, [ADA, BEN]),
    ):
        for person in people:
            found = await stars.song_in(channel_id, task_id, 1, person)
            assert found
            await stars.toggle(found, person, MONDAY - 60)
    store = ChartStore(engine)
    await store.turn_on(
        Chart(
            guild_id=STUDIO,
            channel_id=SONGS,
            weekday=0,
            hour=9,
            user_id=ADA,
            counted_until=MONDAY - WEEK,
            due_at=MONDAY,
        )
    )
    return store


def test_slots_and_weeks() -> None:
    assert next_slot(MONDAY, 0, 9) == MONDAY + WEEK
    assert next_slot(MONDAY - 1, 0, 9) == MONDAY
    assert next_slot(MONDAY, 6, 0) == MONDAY + 6 * 86_400 - 9 * 3_600
    assert week_of(MONDAY) == "2026-W48"
    assert week_of(MONDAY - 10 * 3_600) == "2026-W47"


async def test_a_week_has_one_post_and_each_star_counts_once(charts: ChartStore) -> None:
    assert await charts.begin(MONDAY - 1, 10) == 0
    assert await charts.begin(MONDAY + 2 * WEEK + 5, 10) == 1
    assert await charts.begin(MONDAY + 2 * WEEK + 5, 10) == 0
    (post,) = await charts.due(MONDAY + 2 * WEEK + 5, 10)
    assert (post.since, post.until) == (MONDAY - WEEK, MONDAY + 2 * WEEK)
    assert sorted(await charts.groups(STUDIO, post.since, post.until)) == [OPEN, ChannelGroup(STUDIO, 0, STAFF, False)]
    entries = await charts.entries(STUDIO, post.since, post.until, [OPEN], 10)
    assert [(each.found.song.task_id, each.stars) for each in entries] == [("two", 2), ("one", 1)]
    await charts.sent(post, ChartState.SENT, 77)
    assert await charts.due(MONDAY + 3 * WEEK - 1, 10) == []
    assert await charts.next_due() == MONDAY + 3 * WEEK
    assert await charts.is_taken(STUDIO, post.week)
    await charts.begin(MONDAY + 3 * WEEK, 10)
    (following,) = await charts.due(MONDAY + 3 * WEEK, 10)
    assert following.since == post.until
    assert await charts.groups(STUDIO, following.since, following.until) == []


async def test_a_persons_stars_on_one_song_in_several_channels_are_one(charts: ChartStore) -> None:
    everything = [OPEN, ChannelGroup(STUDIO, 0, STAFF, False)]
    entries = await charts.entries(STUDIO, MONDAY - WEEK, MONDAY, everything, 10)
    assert [(each.found.song.task_id, each.stars) for each in entries] == [("one", 2), ("secret", 2), ("two", 2)]


async def test_a_star_at_the_very_moment_counts_in_the_next_chart(charts: ChartStore, engine: AsyncEngine) -> None:
    starring = StarStore(engine)
    found = await starring.song_in(SONGS, "one", 1, BEN)
    assert found
    await starring.toggle(found, BEN, MONDAY)
    for since, people in ((MONDAY - WEEK, 1), (MONDAY, 1)):
        entries = await charts.entries(STUDIO, since, since + WEEK, [OPEN], 10)
        assert {each.found.song.task_id: each.stars for each in entries}["one"] == people


async def test_what_was_removed_or_folded_or_private_is_on_no_chart(charts: ChartStore, engine: AsyncEngine) -> None:
    library, starring = LibraryStore(engine), StarStore(engine)
    await library.keep([song("two", number=2), song("private", SONGS, owner_id=BEN)])
    chosen = await starring.song_in(SONGS, "two", 2, BEN)
    private = await starring.song_in(SONGS, "private", 1, BEN)
    removed = await starring.song_in(SONGS, "one", 1, ADA)
    assert chosen
    assert private
    assert removed
    await starring.toggle(private, BEN, MONDAY - 60)
    await library.choose_take(chosen, MONDAY, chosen=True)
    await library.remove(removed, MONDAY, of_user=ADA)
    assert await charts.entries(STUDIO, MONDAY - WEEK, MONDAY, [OPEN], 10) == []


async def test_a_post_that_waits_is_kept_however_old_it_is(charts: ChartStore) -> None:
    await charts.begin(MONDAY, 10)
    await charts.forget(MONDAY + 100 * WEEK)
    (post,) = await charts.due(MONDAY, 10)
    await charts.sent(post, ChartState.EMPTY)
    await charts.forget(MONDAY + 100 * WEEK)
    assert await charts.last_post(STUDIO) is None


async def test_a_choice_folds_what_is_its_makers_alone(engine: AsyncEngine) -> None:
    """Somebody else has watched the same task."""
    library, starring = LibraryStore(engine), StarStore(engine)
    await library.keep([song("t", number=number) for number in (1, 2)])
    await library.keep([song("t", STAFF, number=number, user_id=BEN) for number in (1, 2)])
    mine = await starring.song_in(SONGS, "t", 1, ADA)
    assert mine
    await library.choose_take(mine, MONDAY, chosen=True)
    for channel_id, folded in ((SONGS, [False, True]), (STAFF, [False, False])):
        one = await starring.song_in(channel_id, "t", 1, ADA)
        assert one
        assert [each.folded for each in await library.takes(one)] == folded


async def test_a_song_that_was_shown_to_one_person_is_theirs_in_every_playlist(engine: AsyncEngine) -> None:
    library, store = LibraryStore(engine), PlaylistStore(engine)
    await library.keep([song("all"), song("private", owner_id=BEN, user_id=BEN)])
    created = await store.create(Playlist(guild_id=STUDIO, user_id=BEN, name="Ours"), 1.0, most=5)
    assert isinstance(created, Playlist)
    for task_id in ("all", "private"):
        await store.add(created.id, (task_id, 1), BEN, 2.0)
    groups = await store.groups(created.id)
    assert groups == [OPEN]
    for person, expected in ((ADA, ["all"]), (BEN, ["all", "private"]), (0, ["all"])):
        found = await store.songs(created.id, person, groups, limit=10)
        assert sorted(each.song.task_id for each in found.songs) == expected
        assert await store.counts([created.id], person, groups) == {created.id: len(expected)}


async def test_what_a_forgotten_person_shares_with_others_stays_in_playlists(engine: AsyncEngine) -> None:
    library, store = LibraryStore(engine), PlaylistStore(engine)
    await library.keep([song("shared"), song("shared", STAFF, user_id=BEN), song("own")])
    created = await store.create(Playlist(owner_id=BEN, user_id=BEN, name="Bens"), 1.0, most=5)
    assert isinstance(created, Playlist)
    for task_id in ("shared", "own"):
        await store.add(created.id, (task_id, 1), BEN, 2.0)
    await PreferenceStore(engine).forget(ADA, MONDAY)
    assert [each.count for each in await store.offered(BEN, 0, "", 9)] == [1]
    assert await store.remove(created.id, ("shared", 1))


def test_a_playlist_is_open_to_whom_it_belongs_until_it_is_posted() -> None:
    own = Playlist(owner_id=ADA, user_id=ADA, name="Mine")
    servers = Playlist(guild_id=STUDIO, user_id=ADA, name="Ours")
    assert [own.is_for(person, place) for person in (ADA, BEN) for place in (STUDIO, 0)] == [True, True, False, False]
    assert [servers.is_for(BEN, place) for place in (STUDIO, 6, 0)] == [True, False, False]
    assert Playlist(owner_id=ADA, user_id=ADA, name="Mine", posted=True).is_for(BEN, 0)


async def test_a_day_later_in_a_week_that_has_its_chart_is_that_of_the_next_week(charts: ChartStore) -> None:
    await charts.begin(MONDAY, 10)
    clock = JumpingClock()
    clock.jump(MONDAY + 3_600 - clock.now())
    service = Charts(charts, clock, lambda: None)
    await service.turn_on(STUDIO, ADA, SONGS, weekday=6)
    chart = await charts.chart(STUDIO)
    assert chart
    assert chart.due_at == next_slot(MONDAY, 6, 9) + WEEK


async def test_who_turned_it_on_is_forgotten(charts: ChartStore, engine: AsyncEngine) -> None:
    await PreferenceStore(engine).forget(ADA, MONDAY)
    chart = await charts.chart(STUDIO)
    assert chart is not None
    assert chart.user_id == 0


async def test_a_page_beyond_the_last_of_a_playlist_is_the_last(engine: AsyncEngine) -> None:
    """A press on a list from before songs were taken out of it."""
    library, store = LibraryStore(engine), PlaylistStore(engine)
    created = await store.create(Playlist(owner_id=ADA, user_id=ADA, name="Mine"), 1.0, most=5)
    assert isinstance(created, Playlist)
    for number in range(25):
        await library.keep([song(f"t{number:02}")])
        await store.add(created.id, (f"t{number:02}", 1), ADA, float(number))

    async def everything(groups: Sequence[ChannelGroup]) -> Sequence[ChannelGroup]:
        return groups

    playlists = Playlists(store, JumpingClock())
    for page, first, count in ((0, "t00", 10), (2, "t20", 5), (3, "t20", 5), (99, "t20", 5)):
        found = await playlists.songs(created, ADA, everything, limit=10, page=page)
        assert (found.count, len(found.songs), found.songs[0].song.task_id) == (25, count, first)
    assert await playlists.counts([created], ADA, everything) == [25]
    assert await playlists.counts([created, created], BEN, nothing) == [0, 0]


async def nothing(_groups: Sequence[ChannelGroup]) -> Sequence[ChannelGroup]:
    return ()


async def test_after_the_bot_has_left_a_server_its_charts_and_playlists_go(
    charts: ChartStore, engine: AsyncEngine
) -> None:
    library, playlists = LibraryStore(engine), PlaylistStore(engine)
    created = await playlists.create(Playlist(guild_id=STUDIO, user_id=ADA, name="Ours"), 1.0, most=5)
    assert isinstance(created, Playlist)
    assert await playlists.add(created.id, ("one", 1), ADA, 2.0) == "added"
    assert await playlists.add(created.id, ("one", 1), BEN, 3.0) == "twice"
    found = await playlists.songs(created.id, 0, await playlists.groups(created.id), limit=10)
    assert [each.song.task_id for each in found.songs] == ["one"]
    assert (await playlists.songs(created.id, 0, [], limit=10)).songs == ()
    await library.note_guilds([STUDIO], 100.0)
    await library.forget_left(200.0)
    assert await charts.chart(STUDIO)
    await charts.begin(MONDAY, 10)
    assert await charts.is_taken(STUDIO, week_of(MONDAY))
    await library.note_guilds([], 100.0)
    await library.forget_left(200.0)
    assert await charts.chart(STUDIO) is None
    assert not await charts.is_taken(STUDIO, week_of(MONDAY))
    assert await playlists.get(created.id) is None
