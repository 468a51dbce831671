"""Songs are found by their words, by those alone who may; stars count once for each person."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.library import ChannelGroup, FoundSongs, NewSong, PostedAt, Scope, Song, SongQuery, TakeStars
from bot.domain.preferences import PersonSettings
from bot.services.library.reindex import reindex
from bot.storage.library import LibraryStore
from bot.storage.lines import AFTER, LineStore
from bot.storage.preferences import PreferenceStore
from bot.storage.schema import key_values, orders
from bot.storage.stars import StarStore
from tests.clock import JumpingClock
from tests.query_plans import scans, statements

ADA, BEN, CARL = 1, 2, 3
STUDIO, OTHER_SERVER = 5, 6
SONGS, LOUNGE, THREAD, SECRET, DM = 10, 11, 12, 13, 14
NOW = 1_000_000.0


@pytest.fixture
async def library(engine: AsyncEngine) -> LibraryStore:
    return LibraryStore(engine)


@pytest.fixture
async def starring(engine: AsyncEngine) -> StarStore:
    return StarStore(engine)


def place(channel_id: int = SONGS, **fields: Any) -> PostedAt:
    values: dict[str, Any] = {"guild_id": STUDIO, "parent_id": channel_id, "message_id": channel_id * 100}
    return PostedAt(channel_id=channel_id, **(values | fields))


def song(task_id: str = "t1", *, lyrics: str = "", newest: bool = True, **fields: Any) -> NewSong:
    values: dict[str, Any] = {
        "number": 1, "clip_id": f"{task_id}-clip", "gateway": "default", "user_id": ADA, "title": "Harbour Lights",
        "style": "folk, calm", "posted_at": NOW, "place": place(),
    }  # fmt: skip
    return NewSong(song=Song(task_id=task_id, **(values | fields)), lyrics=lyrics, newest=newest)


def query(user_id: int = BEN, scope: Scope = Scope.SERVER, **fields: Any) -> SongQuery:
    return SongQuery(user_id=user_id, scope=scope, **({"guild_id": STUDIO, "channel_id": SONGS} | fields))


async def found(library: LibraryStore, wanted: SongQuery, *, hidden: Sequence[int] = (), **page: int) -> FoundSongs:
    """As somebody finds them who may view every channel but the hidden ones."""
    groups = [each for each in await library.groups(wanted) if not {each.channel_id, each.parent_id} & set(hidden)]
    return await library.find(replace(wanted, viewable=groups), limit=page.get("limit", 10), offset=page.get("skip", 0))


async def tasks(library: LibraryStore, wanted: SongQuery, *, hidden: Sequence[int] = ()) -> list[str]:
    return [each.song.task_id for each in (await found(library, wanted, hidden=hidden)).songs]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("harbour", ["en"]),
        ("LIGHTS, harbour!", ["en"]),
        ("tide folk", ["en"]),
        ("码头", ["zh"]),
        ("晚风 码头", ["zh"]),
        ("晚风rock", ["zh"]),
        ("harbour 码头", []),
        ("碼頭", ["zh"]),
        ("搖滾", ["zh"]),
        ("晚风吹过", ["zh"]),
        ("", ["zh", "en"]),
        ("!?", ["zh", "en"]),
        ("har-bour", ["en"]),
        ("harbour,lights", ["en"]),
        ("lights-harbour tide", ["en"]),
        ("har-lights", ["en"]),
        ("bour-lights", []),
    ],
)
async def test_songs_are_found_by_title_style_and_lyrics(
    library: LibraryStore, typed: str, expected: list[str]
) -> None:
    await library.keep([song("en", lyrics="The tide comes in\nand out again")])
    await library.keep([song("zh", title="旧码头", style="摇滚rock", lyrics="晚风吹过", posted_at=NOW + 1)])
    assert await tasks(library, query(find=typed)) == expected


async def test_a_channel_that_somebody_may_not_view_is_not_searched_for_them(library: LibraryStore) -> None:
    await library.keep([song("open"), song("closed", place=place(LOUNGE))])
    await library.keep([song("in_thread", place=place(THREAD, parent_id=LOUNGE))])
    await library.keep([song("secret", place=place(SECRET, parent_id=SONGS, restricted=True))])
    everything = ["open", "closed", "in_thread", "secret"]
    assert sorted(await tasks(library, query())) == sorted(everything)
    assert await tasks(library, query(), hidden=[LOUNGE, SECRET]) == ["open"]
    assert await tasks(library, query(ADA, Scope.MINE), hidden=[LOUNGE, SECRET]) == ["open"], "not even one's own"
    assert await tasks(library, query(), hidden=[SONGS]) == ["in_thread", "closed"], "a thread goes with its channel"


async def test_channels_that_the_same_people_may_view_are_asked_about_once(library: LibraryStore) -> None:
    await library.keep([song(f"t{number}", place=place(1_000 + number, parent_id=SONGS)) for number in range(3)])
    await library.keep([song("open"), song("secret", place=place(SECRET, parent_id=SONGS, restricted=True))])
    await library.keep([song("unsure", place=place(LOUNGE, parent_id=0))])
    assert sorted(await library.groups(query())) == [
        ChannelGroup(STUDIO, 0, SONGS, False),
        ChannelGroup(STUDIO, LOUNGE, 0, False),
        ChannelGroup(STUDIO, SECRET, SONGS, True),
    ]


async def test_what_was_shown_to_one_person_is_found_by_them_alone(library: LibraryStore) -> None:
    await library.keep([song("dm", place=place(DM, guild_id=0, parent_id=0, owner_id=ADA))])
    await library.keep([song("private", place=place(owner_id=ADA, message_id=0))])
    assert sorted(await tasks(library, query(ADA, Scope.MINE))) == ["dm", "private"]
    assert await tasks(library, query(ADA, Scope.HERE)) == ["private"]
    assert await tasks(library, query(ADA, Scope.HERE, channel_id=DM)) == ["dm"]
    for scope in Scope:
        assert await tasks(library, query(BEN, scope)) == []
        assert await tasks(library, query(BEN, scope, channel_id=DM)) == []
    await library.keep([song("open")])  # since then the channel is one where something is found
    for scope in (Scope.HERE, Scope.SERVER):
        assert await tasks(library, query(BEN, scope)) == ["open"]
        assert await tasks(library, query(BEN, scope, by=ADA)) == ["open"]


async def test_each_scope_has_its_songs(library: LibraryStore, starring: StarStore) -> None:
    await library.keep([song("ada"), song("ben", user_id=BEN, place=place(LOUNGE))])
    await library.keep([song("far", user_id=BEN, place=place(20, guild_id=OTHER_SERVER))])
    kept = (await found(library, query(find="harbour"))).songs
    await starring.toggle(next(each.song for each in kept if each.song.task_id == "ada"), BEN, NOW)
    assert await tasks(library, query(scope=Scope.MINE)) == ["far", "ben"]
    assert await tasks(library, query(scope=Scope.HERE)) == ["ada"]
    assert await tasks(library, query()) == ["ben", "ada"]
    assert await tasks(library, query(scope=Scope.STARRED)) == ["ada"]
    assert await tasks(library, query(scope=Scope.STARRED), hidden=[SONGS]) == []
    assert await tasks(library, query(CARL, Scope.STARRED)) == []
    assert await tasks(library, query(by=ADA)) == ["ada"]


async def test_who_does_not_want_to_be_named_is_not_found_by_their_name(
    library: LibraryStore, engine: AsyncEngine
) -> None:
    await library.keep([song("ada")])
    await PreferenceStore(engine).save_person(PersonSettings(user_id=ADA, named=False))
    assert await tasks(library, query(by=ADA)) == []
    assert await tasks(library, query(ADA, by=ADA)) == ["ada"]
    assert [each.maker_named for each in (await found(library, query())).songs] == [False]


async def test_a_song_that_was_posted_twice_is_listed_once_with_its_newest_post(library: LibraryStore) -> None:
    await library.keep([song("t1"), song("t1", number=2)])
    await library.keep([song("t1", posted_at=NOW + 5, place=place(LOUNGE))])
    await library.keep([song("t1", posted_at=NOW + 9, place=place(owner_id=ADA, message_id=0))])
    listed = await found(library, query(ADA))
    assert [(each.song.number, each.song.place.channel_id) for each in listed.songs] == [(1, LOUNGE), (2, SONGS)]
    assert listed.count == 2


async def test_an_answer_does_not_take_the_place_of_a_post_that_is_there(library: LibraryStore) -> None:
    await library.keep([song()])
    await library.keep([song(newest=False, user_id=BEN, title="Other", place=place(message_id=7))])
    only = (await found(library, query())).songs[0].song
    assert (only.place.message_id, only.user_id, only.title) == (1000, ADA, "Harbour Lights")
    await library.lost(only)
    await library.keep([song(newest=False, user_id=BEN, place=place(message_id=7))])
    assert (await found(library, query())).songs[0].song.place.message_id == 7


async def test_pages(library: LibraryStore) -> None:
    await library.keep([song(f"t{number}", posted_at=NOW + number) for number in range(25)])
    last = await found(library, query(), skip=20)
    assert (last.count, [each.song.task_id for each in last.songs]) == (25, ["t4", "t3", "t2", "t1", "t0"])
    assert await found(library, query(), skip=30) == FoundSongs(25, ())


async def test_takes_are_listed_in_their_order_after_newer_songs(library: LibraryStore) -> None:
    await library.keep([song("old"), *(song("two", number=number) for number in (1, 2))])
    await library.keep([song("later"), song("newest", posted_at=NOW + 1)])
    listed = [(each.song.task_id, each.song.number) for each in (await found(library, query())).songs]
    assert listed == [("newest", 1), ("later", 1), ("two", 1), ("two", 2), ("old", 1)]


async def test_what_one_person_removes_from_their_dms_stays_in_those_of_others(library: LibraryStore) -> None:
    dm, other_dm = (place(each, guild_id=0, parent_id=0, owner_id=owner) for each, owner in ((DM, ADA), (99, BEN)))
    await library.keep([song(place=dm)])
    (mine,) = (await found(library, query(ADA, Scope.MINE))).songs
    assert await library.remove(mine.song, NOW, of_user=ADA) == 1
    await library.keep([song(place=other_dm, user_id=BEN)])
    assert await tasks(library, query(BEN, Scope.MINE)) == ["t1"]


async def test_who_ordered_a_song_is_known_to_themselves_and_in_that_server(
    library: LibraryStore, engine: AsyncEngine
) -> None:
    order = {
        "id": "o1", "user_id": ADA, "guild_id": STUDIO, "channel_id": SONGS, "gateway": "default", "state": "done",
        "request": "{}", "task_id": "t1", "reason": "", "detail": "", "attempts": 0, "reconciled": 0, "at_once": 0,
        "created_at": NOW, "locale": "", "user_locale": "", "announced": "done",
    }  # fmt: skip
    async with engine.begin() as connection:
        await connection.execute(insert(orders).values(order))
    elsewhere = place(20, guild_id=OTHER_SERVER)
    dm = place(DM, guild_id=0, parent_id=0, owner_id=BEN)
    await library.keep([song(user_id=BEN), song(user_id=BEN, place=elsewhere), song(user_id=BEN, place=dm)])
    await library.keep([song(place=place(21, guild_id=OTHER_SERVER))])
    posts = await library.posts("t1", 1, BEN)
    makers = {each.place.channel_id: each.maker_id for each in posts}
    assert makers == {SONGS: ADA, 20: 0, DM: 0, 21: ADA}
    assert await tasks(library, query(CARL, by=ADA)) == ["t1"]
    assert await tasks(library, query(CARL, guild_id=OTHER_SERVER, by=BEN)) == ["t1"]
    await PreferenceStore(engine).forget(ADA, NOW)
    left = {each.place.channel_id: (each.user_id, each.maker_id) for each in await library.posts("t1", 1, BEN)}
    assert left == dict.fromkeys((SONGS, 20, DM), (BEN, 0))


async def test_what_was_removed_stays_so(library: LibraryStore, starring: StarStore, engine: AsyncEngine) -> None:
    await library.keep([song(), song(place=place(LOUNGE), user_id=BEN), song(place=place(20, guild_id=OTHER_SERVER))])
    mine = (await found(library, query(scope=Scope.HERE))).songs[0].song
    await starring.toggle(mine, CARL, NOW)
    assert await library.remove(mine, NOW) == 0, "by nobody"
    assert await library.remove(mine, NOW, of_guild=STUDIO) == 2
    assert await tasks(library, query()) == []
    assert await tasks(library, query(CARL, Scope.STARRED)) == []
    assert await library.lyrics(mine.id) == ""
    assert (await PreferenceStore(engine).export(CARL))["stars"] == []
    assert await tasks(library, query(guild_id=OTHER_SERVER)) == ["t1"], "another server's is its own"
    await library.keep([song(), song(place=place(33), user_id=CARL)])
    assert await tasks(library, query()) == [], "also when it is posted again"
    assert await library.remove(mine, NOW, of_user=ADA) == 1
    await library.keep([song(place=place(40, guild_id=7))])
    assert await tasks(library, query(guild_id=7)) == []


async def test_a_second_press_takes_a_star_back(library: LibraryStore, starring: StarStore) -> None:
    await library.keep([song()])
    kept = await starring.song_in(SONGS, "t1", 1, BEN)
    assert kept is not None
    assert [await starring.toggle(kept, each, NOW) for each in (BEN, CARL, BEN)] == [True, True, False]
    assert await starring.counts(SONGS, ["t1", "t9"]) == {("t1", 1): TakeStars(1, "t1-clip", False, False, 1000)}
    assert [(each.stars, each.starred) for each in (await found(library, query(CARL))).songs] == [(1, True)]
    assert await starring.song_in(LOUNGE, "t1", 1, BEN) is None


async def test_messages_are_counted_anew_until_they_show_the_last_press(
    library: LibraryStore, starring: StarStore
) -> None:
    await library.keep([song()])
    kept = await starring.song_in(SONGS, "t1", 1, BEN)
    assert kept is not None
    await starring.toggle(kept, BEN, NOW, pressed=(SONGS, 77))
    await starring.toggle(kept, CARL, NOW, pressed=(SONGS, 1000))
    first, second = sorted(await starring.due(NOW, 10), key=lambda each: each.message_id)
    assert (first.message_id, second.message_id) == (77, 1000)
    await starring.toggle(kept, ADA, NOW + 1)
    await starring.counted(first)
    await starring.counted(second)
    assert [each.message_id for each in await starring.due(NOW + 1, 10)] == [1000], "a press came meanwhile"
    await starring.counted((await starring.due(NOW + 1, 10))[0], again_at=NOW + 60)
    assert await starring.due(NOW + 1, 10) == []
    assert await starring.next_due() == NOW + 60


async def test_who_deletes_their_data_is_out_of_the_library(
    library: LibraryStore, starring: StarStore, engine: AsyncEngine
) -> None:
    await library.keep([song("ada", lyrics="tide"), song("ben", user_id=BEN, place=place(LOUNGE))])
    await library.keep([song("ben", user_id=BEN, place=place(owner_id=ADA, message_id=0))])
    bens = await starring.song_in(LOUNGE, "ben", 1, ADA)
    assert bens is not None
    await starring.toggle(bens, ADA, NOW)
    people = PreferenceStore(engine)
    exported = await people.export(ADA)
    assert [(each["task_id"], each["lyrics"]) for each in exported["songs"]] == [("ada", "tide"), ("ben", "")]
    assert [each["song_id"] for each in exported["stars"]] == [str(bens.id)]
    assert (await people.forget(ADA, NOW)).songs == 2
    assert await tasks(library, query()) == ["ben"]
    assert await starring.counts(LOUNGE, ["ben"]) == {("ben", 1): TakeStars(0, "ben-clip", False, False, 1100)}
    assert [each.message_id for each in await starring.due(10 * NOW * NOW, 9)] == [LOUNGE * 100]


async def test_songs_of_a_server_that_the_bot_left_wait_for_it_to_come_back(library: LibraryStore) -> None:
    await library.keep([song("here"), song("gone", place=place(20, guild_id=OTHER_SERVER))])
    await library.keep([song("dm", place=place(DM, guild_id=0, owner_id=ADA))])
    await library.note_guilds([STUDIO], NOW)
    await library.note_guilds([STUDIO], NOW + 50)
    await library.forget_left(NOW)
    assert await tasks(library, query(guild_id=OTHER_SERVER)) == ["gone"]
    await library.note_guilds([STUDIO, OTHER_SERVER], NOW + 60)
    await library.forget_left(NOW + 100)
    assert await tasks(library, query(guild_id=OTHER_SERVER)) == ["gone"], "it came back"
    await library.note_guilds([STUDIO], NOW + 200)
    await library.forget_left(NOW + 201)
    assert await tasks(library, query(guild_id=OTHER_SERVER)) == []
    assert await tasks(library, query(ADA, Scope.MINE)) == ["dm", "here"]


async def test_nothing_reads_the_whole_library(library: LibraryStore, starring: StarStore) -> None:
    with statements() as seen:
        await library.keep([song()])
        for scope in Scope:
            for find in ("", "harbour lights"):
                await found(library, query(ADA, scope, find=find, by=ADA))
                await found(library, query(BEN, scope, find=find), skip=10)
        kept = await starring.song_in(SONGS, "t1", 1, BEN)
        assert kept is not None
        await starring.toggle(kept, BEN, NOW)
        await starring.counts(SONGS, ["t1"])
        await starring.next_due()
        await starring.counted((await starring.due(NOW, 10))[0])
        await library.lost(kept)
        await library.remove(kept, NOW, of_guild=STUDIO, of_user=BEN)
        await library.forget_left(NOW)
    assert scans(seen) == []


async def test_traditional_and_simplified_chinese_find_each_other(library: LibraryStore) -> None:
    await library.keep([song("tw", title="舊碼頭", lyrics="後來風吹過頭髮")])
    await library.keep([song("cn", title="旧码头", lyrics="后来风吹过头发", posted_at=NOW + 1)])
    for typed in ("舊碼頭", "旧码头", "後來 頭髮", "后来 头发"):
        assert await tasks(library, query(find=typed)) == ["cn", "tw"]


async def test_lines_of_an_older_version_are_folded_anew_in_steps(library: LibraryStore, engine: AsyncEngine) -> None:
    await library.keep([song(f"t{number}", title="舊碼頭", posted_at=NOW + number) for number in range(60)])
    async with engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE library_texts SET line = ' 舊碼頭 folk calm'")
        await connection.execute(insert(key_values).values(key=AFTER, value="0"))
    store = LineStore(engine)
    assert (await found(library, query(find="碼頭"))).count == 0
    assert await store.renew(25)
    assert (await found(library, query(find="碼頭"))).count == 25, "it goes on from there after a restart"
    await reindex(LineStore(engine), JumpingClock())
    assert (await found(library, query(find="码头"))).count == 60
    assert not await store.renew(25)
