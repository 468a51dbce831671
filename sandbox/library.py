"""The demo's library: songs that were posted long ago, with their messages, a playlist, and a chart that is due."""

import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import msgspec

from bot.domain.charts import Chart
from bot.domain.library import NewSong, PostedAt, Song
from bot.domain.playlists import Playlist
from bot.storage.charts import ChartStore
from bot.storage.database import open_database
from bot.storage.library import LibraryStore
from bot.storage.playlists import PlaylistStore
from bot.storage.stars import StarStore
from sandbox.local_discord.messages import Upload
from sandbox.local_discord.server import LocalDiscord
from sandbox.local_discord.world import Object
from sandbox.local_gateway.songs import audio, cover

PLAYLIST = "Night walk · 夜路"
_DAY = 86_400.0
_SECONDS = 24.0  # of each song


@dataclass(frozen=True)
class _PastSong:
    title: str
    style: str
    lyrics: str
    days: float
    sound: str
    stars: int  # of so many people

    @property
    def task_id(self) -> str:
        return str(uuid5(NAMESPACE_URL, f"task/{self.title}"))

    @property
    def clip_id(self) -> str:
        return str(uuid5(NAMESPACE_URL, f"clip/{self.title}"))


def past_songs() -> tuple[_PastSong, ...]:
    file = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return msgspec.convert(file["song"], tuple[_PastSong, ...])


async def fill_library(database_url: str, discord: LocalDiscord, channel: Object) -> None:
    """As if the people of the demo had had them posted there, in turns."""
    people = list(discord.world.people())
    async with open_database(database_url) as engine:
        songs, stars = LibraryStore(engine), StarStore(engine)
        for number, past in enumerate(past_songs()):
            maker = people[number % len(people)]
            posted_at = time.time() - past.days * _DAY
            message = _post(discord, channel, past, maker, posted_at)
            await songs.keep([_song(past, message, maker, posted_at)])
            await _star(stars, past, channel, people, posted_at)
        await _fill_playlist(PlaylistStore(engine), int(channel["guild_id"]), int(people[0]["id"]))
        await _turn_chart_on(ChartStore(engine), channel, int(people[0]["id"]))


def _post(discord: LocalDiscord, channel: Object, past: _PastSong, maker: Object, posted_at: float) -> Object:
    ending = f"{past.clip_id[:8]}-1"
    content, _ = audio(past.sound, _SECONDS)
    uploads = {
        "0": Upload(f"{past.title}-{ending}.mp3", content, "audio/mpeg"),
        "1": Upload(f"cover-{ending}.png", cover(past.clip_id, past.title), "image/png"),
    }
    embed = {
        "title": past.title,
        "description": past.style,
        "color": 0x2ECC71,
        "thumbnail": {"url": f"attachment://cover-{ending}.png"},
        "footer": {"text": f"{past.task_id} · default"},
    }
    star = {
        "type": 2, "style": 2, "label": str(past.stars), "emoji": {"name": "⭐"},
        "custom_id": f"s1:fv:1:{past.task_id}",
    }  # fmt: skip
    body = {
        "content": f"🎵 **{past.title}** is ready\n-# Requested by <@{maker['id']}>",
        "embeds": [embed],
        "components": [{"type": 1, "components": [star]}],
        "allowed_mentions": {"parse": []},
        "attachments": [{"id": number, "filename": upload.name} for number, upload in uploads.items()],
    }
    message = discord.messages.create(channel, discord.world.bot, body, uploads)
    message["timestamp"] = datetime.fromtimestamp(posted_at, UTC).isoformat()
    return message


def _song(past: _PastSong, message: Object, maker: Object, posted_at: float) -> NewSong:
    place = PostedAt(
        guild_id=int(message["guild_id"]),
        channel_id=int(message["channel_id"]),
        parent_id=int(message["channel_id"]),
        message_id=int(message["id"]),
    )
    song = Song(
        task_id=past.task_id,
        number=1,
        clip_id=past.clip_id,
        gateway="default",
        user_id=int(maker["id"]),
        title=past.title,
        style=past.style,
        duration=_SECONDS,
        posted_at=posted_at,
        place=place,
    )
    return NewSong(song=song, lyrics=past.lyrics, newest=True)


async def _fill_playlist(store: PlaylistStore, guild_id: int, user_id: int) -> None:
    created = await store.create(Playlist(guild_id=guild_id, user_id=user_id, name=PLAYLIST), time.time(), most=1)
    if isinstance(created, Playlist):
        for age, past in enumerate(past_songs()[::4]):
            await store.add(created.id, (past.task_id, 1), user_id, time.time() - _DAY + age)


async def _turn_chart_on(store: ChartStore, channel: Object, user_id: int) -> None:
    """It is due at once, with all stars there are."""
    now = datetime.now(UTC)
    chart = Chart(
        guild_id=int(channel["guild_id"]),
        channel_id=int(channel["id"]),
        weekday=now.weekday(),
        hour=now.hour,
        user_id=user_id,
        counted_until=0.0,
        due_at=now.replace(minute=0, second=0, microsecond=0).timestamp(),
    )
    await store.turn_on(chart)


async def _star(store: StarStore, past: _PastSong, channel: Object, people: Sequence[Object], posted_at: float) -> None:
    for person in people[: past.stars]:
        song = await store.song_in(int(channel["id"]), past.task_id, 1, int(person["id"]))
        if song:
            await store.toggle(song, int(person["id"]), posted_at)
