"""What somebody looks for costs as much as what they have, however many songs others have: other servers' songs, and
the stars and playlists of other people, are not read.
"""

from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.charts import MAX_SONGS
from bot.domain.library import Scope, SongQuery
from bot.storage.charts import ChartStore
from bot.storage.library import LibraryStore
from bot.storage.playlists import PlaylistStore
from bot.storage.stars import StarStore
from tests.storage.steps import steps

ADA, STUDIO, SONGS, LIST = 3, 5, 10, 1
OURS, FEW, MANY = 40, 500, 8_000
NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT :begin UNION ALL SELECT n + 1 FROM numbers WHERE n < :end)"
# Two of three songs of others are of servers, one was shown to one person alone.
FILL = """
INSERT INTO library (id, task_id, number, clip_id, gateway, user_id, owner_id, guild_id, channel_id, parent_id,
    restricted, message_id, title, style, posted_at, removed)
    SELECT n, 'task_' || n, 1, '', 'default', :user + n * :other, (n % 3 = 0) * :other * n, :guild + n * :other,
    :channel + n * :other, :channel + n * :other, 0, n, 'Title', '', n, 0 FROM numbers;
INSERT INTO library_texts (song_id, lyrics, line) SELECT n, '', ' title' FROM numbers;
INSERT INTO stars (song_id, user_id, starred_at) SELECT n, :user + n * :other, n FROM numbers;
INSERT INTO playlists (id, owner_id, guild_id, user_id, name, plain_name, posted, created_at)
    SELECT n, 0, :guild + n * :other, 1, n, n, 0, 0 FROM numbers;
INSERT INTO playlist_songs (playlist_id, task_id, number, user_id, added_at)
    SELECT CASE WHEN :other THEN n ELSE :list END, 'task_' || n, 1, 1, n FROM numbers
"""

Question = Callable[[AsyncEngine], Awaitable[object]]


# Steps can be counted in SQLite only.
pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


async def fill(engine: AsyncEngine, begin: int, end: int, *, other: bool) -> None:
    """Songs of Ada's in her server, with her star and in its playlist; or of `other` people, each in a server."""
    values = {"begin": begin, "end": end, "other": other, "user": ADA, "guild": STUDIO, "channel": SONGS, "list": LIST}
    async with engine.begin() as connection:
        for statement in FILL.split(";"):
            named = f"{NUMBERS} {statement}"
            await connection.exec_driver_sql(named, {key: each for key, each in values.items() if f":{key}" in named})


def search(scope: Scope, by: int = 0) -> Question:
    async def ask(engine: AsyncEngine) -> object:
        store = LibraryStore(engine)
        query = SongQuery(user_id=ADA, scope=scope, guild_id=STUDIO, channel_id=SONGS, find="title", by=by)
        found = await store.find(replace(query, viewable=await store.groups(query)), limit=10)
        assert found.count == OURS
        return found

    return ask


async def chart(engine: AsyncEngine) -> object:
    store = ChartStore(engine)
    groups = await store.groups(STUDIO, 0.0, 1e9)
    found = await store.entries(STUDIO, 0.0, 1e9, groups, MAX_SONGS)
    assert len(found) == MAX_SONGS
    return found


async def playlist(engine: AsyncEngine) -> object:
    store = PlaylistStore(engine)
    groups = await store.groups(LIST)
    assert await store.counts([LIST], ADA, groups) == {LIST: OURS}
    return await store.songs(LIST, ADA, groups, limit=10)


async def named_playlists(engine: AsyncEngine) -> object:
    store = PlaylistStore(engine)
    found = await store.offered(ADA, STUDIO, "", 25)
    assert len(found) == 25
    return found


async def one_song(engine: AsyncEngine) -> object:
    library, stars = LibraryStore(engine), StarStore(engine)
    song = await stars.song_in(SONGS, "task_1", 1, ADA)
    assert song
    assert await library.takes(song) == [song]
    assert await library.posts("task_1", 1, ADA) == [song]
    await library.choose_take(song, 0.0, chosen=True)
    return await stars.counts(SONGS, ["task_1"])


@pytest.mark.parametrize(
    "question",
    [
        *(pytest.param(search(scope), id=scope) for scope in Scope),
        pytest.param(search(Scope.SERVER, by=ADA), id="by"),
        pytest.param(search(Scope.STARRED, by=ADA), id="starred by"),
        chart,
        playlist,
        named_playlists,
        one_song,
    ],
)
async def test_what_others_have_costs_nothing(engine: AsyncEngine, question: Question) -> None:
    await fill(engine, 1, OURS, other=False)
    await fill(engine, 1_001, 1_000 + FEW, other=True)
    few = await steps(engine, lambda: question(engine))
    await fill(engine, 1_001 + FEW, 1_000 + MANY, other=True)
    many = await steps(engine, lambda: question(engine))
    assert many < 2 * few
