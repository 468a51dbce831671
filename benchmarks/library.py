"""Searching a library of 100,000 songs in two languages, where a server has 5,000, and making its chart and a playlist:
`python -m benchmarks.library`.

Rows are what the store writes for each song; only their insertion is in bulk. Both a whole page with the number of all
hits and the question of who may view what are measured. The chart counts 10,000 stars of one week; each song has one
more of an earlier time.
"""

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.charts import MAX_SONGS, WEEK
from bot.domain.library import Scope, SongQuery
from bot.domain.playlists import MAX_SONGS as MAX_IN_PLAYLIST
from bot.domain.search_text import search_line
from bot.storage.charts import ChartStore
from bot.storage.database import open_database
from bot.storage.library import LibraryStore
from bot.storage.playlists import PlaylistStore
from bot.storage.schema import library, library_texts, playlist_songs, playlists, stars

_SONGS, _OF_A_SERVER, _CHANNELS = 100_000, 5_000, 20
_WORDS, _CHARACTERS = 250, 300  # of a song's lyrics
_ROWS = 2_000  # in one statement
_ROUNDS = 15
_NOTHING = "qqzz"
_GUILD = 3
_NOW = 10 * WEEK
_STARS = 2  # of each of the server's songs, in this week
_LIST = 1  # the playlist
_MAKER = 600  # who made all songs of the server after ours, and starred all of ours

_random = random.Random(7)
_LATIN = ["".join(_random.choices("etaoinshrdlucm", k=_random.randint(3, 9))) for _ in range(5_000)]
_CJK = [chr(0x4E00 + _random.randrange(3_000)) for _ in range(3_000)]


def _lyrics(number: int) -> str:
    """As in a language, few words are frequent and many are rare."""
    if number % 2:
        return " ".join(_LATIN[int(_random.paretovariate(0.6)) % len(_LATIN)] for _ in range(_WORDS))
    text = (_CJK[int(_random.paretovariate(0.5)) % len(_CJK)] for _ in range(_CHARACTERS))
    return "，".join("".join(text)[at : at + 7] for at in range(0, _CHARACTERS, 7))


def _rows(first: int, count: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for number in range(first, first + count):
        guild_id = 1 + number // _OF_A_SERVER
        channel_id = guild_id * 1_000 + number % _CHANNELS
        user_id = _MAKER if guild_id == _GUILD + 1 else number % 500
        title, style, lyrics = f"Song {number}", "folk, calm" if number % 2 else "民谣", _lyrics(number)
        song = {
            "id": number + 1, "task_id": f"task_{number}", "number": 1, "clip_id": f"clip_{number}",
            "gateway": "default", "user_id": user_id, "owner_id": 0, "guild_id": guild_id,
            "channel_id": channel_id, "parent_id": channel_id, "restricted": False, "message_id": number + 1,
            "title": title, "style": style, "duration": 180.0, "posted_at": float(number), "removed": False,
        }  # fmt: skip
        yield song, {"song_id": number + 1, "lyrics": lyrics, "line": search_line([title, style, lyrics])}


async def _fill(engine: AsyncEngine, songs: int) -> None:
    for first in range(0, songs, _ROWS):
        rows = list(_rows(first, min(_ROWS, songs - first)))
        async with engine.begin() as connection:
            await connection.execute(insert(library), [song for song, _ in rows])
            await connection.execute(insert(library_texts), [texts for _, texts in rows])


async def _star_and_list(engine: AsyncEngine, songs: int) -> None:
    """Stars on all songs, and a playlist of the server's."""
    first = 1 + (_GUILD - 1) * _OF_A_SERVER
    ours = range(first, min(first + _OF_A_SERVER, songs + 1))
    rows = [{"song_id": each, "user_id": 9, "starred_at": 1.0} for each in range(1, songs + 1)]
    rows += [{"song_id": each, "user_id": _MAKER, "starred_at": 1.0} for each in ours]
    rows += [
        {"song_id": each, "user_id": user_id, "starred_at": _NOW - 1.0 - each}
        for each in ours
        for user_id in _random.sample(range(10, 500), _STARS)
    ]
    listed = [
        {"playlist_id": _LIST, "task_id": f"task_{each - 1}", "number": 1, "user_id": 1, "added_at": 1.0}
        for each in _random.sample(ours, MAX_IN_PLAYLIST)
    ]
    whose = {"owner_id": 0, "guild_id": _GUILD, "user_id": 1, "posted": False, "created_at": 1.0}
    async with engine.begin() as connection:
        await connection.execute(insert(stars), rows)
        await connection.execute(insert(playlists).values(id=_LIST, name="Ours", plain_name="ours", **whose))
        await connection.execute(insert(playlist_songs), listed)


def _search(
    store: LibraryStore, find: str, scope: Scope = Scope.SERVER, *, hidden: bool = False
) -> Callable[[], Awaitable[int]]:
    """`hidden`: every other channel is hidden from who asks."""
    query = SongQuery(user_id=_MAKER, scope=scope, find=find, guild_id=_GUILD, channel_id=_GUILD * 1_000)

    async def search() -> int:
        groups = [each for each in await store.groups(query) if not hidden or each.parent_id % 2]
        return (await store.find(replace(query, viewable=groups), limit=10)).count

    return search


def _chart(store: ChartStore) -> Callable[[], Awaitable[int]]:
    async def chart() -> int:
        groups = await store.groups(_GUILD, _NOW - WEEK, _NOW)
        return len(await store.entries(_GUILD, _NOW - WEEK, _NOW, groups, MAX_SONGS))

    return chart


def _playlist(store: PlaylistStore) -> Callable[[], Awaitable[int]]:
    async def playlist() -> int:
        return (await store.songs(_LIST, 1, await store.groups(_LIST), limit=10)).count

    return playlist


async def _timed(question: Callable[[], Awaitable[int]]) -> tuple[float, int]:
    """Milliseconds, and how many songs it finds."""
    times, count = [], 0
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        count = await question()
        times.append((time.perf_counter() - started) * 1_000)
    return statistics.median(times), count


async def main(songs: int = _SONGS) -> dict[str, dict[str, float]]:
    """Median milliseconds, hits, and the ratio to the first of them, by what is looked for."""
    typed = {
        "two English words": f"{_LATIN[2]} {_LATIN[40]}",
        "two Chinese characters": _CJK[2] + _CJK[5],
        "a word that no song has": _NOTHING,
        "everything": "",
    }
    with tempfile.TemporaryDirectory(prefix="suno-watch-library-") as folder:
        async with open_database(f"sqlite+aiosqlite:///{Path(folder) / 'bot.db'}") as engine:
            await _fill(engine, songs)
            await _star_and_list(engine, songs)
            store, words = LibraryStore(engine), typed["two English words"]
            asked = {name: _search(store, find) for name, find in typed.items()}
            asked |= {
                "two English words, every other channel hidden": _search(store, words, hidden=True),
                "two English words, this channel": _search(store, words, Scope.HERE),
                "two English words, one's own 5,000": _search(store, words, Scope.MINE),
                "two English words, 5,000 starred": _search(store, words, Scope.STARRED),
            }
            asked |= {
                "a chart of 10,000 stars": _chart(ChartStore(engine)),
                "a playlist of 60 songs": _playlist(PlaylistStore(engine)),
            }
            found = {name: await _timed(question) for name, question in asked.items()}
    first = next(iter(found.values()))[0]
    return {
        name: {"milliseconds": took, "songs": count, "ratio": took / first} for name, (took, count) in found.items()
    }


if __name__ == "__main__":
    for name, each in asyncio.run(main()).items():
        print(f"{each['milliseconds']:8.1f} ms {each['ratio']:5.2f} x {each['songs']:6.0f} songs: {name}")
