"""Whatever a gateway says, what we make of it keeps to Discord's limits."""

import asyncio
import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.lyrics_texts import lyrics_texts
from bot.domain.task import Clip, Lyrics, Status, Task, TaskKind
from bot.errors import MediaError, MediaForbidden, MediaTooBig, MediaUnavailable, MediaUnrecognised
from bot.gateways.file_type import MP3, PNG
from bot.gateways.media import MediaFile
from bot.services.clip_files import ClipFile
from bot.services.lookup import Found
from bot.ui.render.cards import Card, details_card, song_cards, songs_card, task_card
from bot.ui.render.locales import languages
from bot.ui.render.lyrics import lyrics_card, lyrics_file, lyrics_pages
from sandbox.local_discord.file_names import sanitised
from sandbox.local_discord.limits import COMPONENTS_V2, check_message

texts = st.text(max_size=40) | st.builds(lambda text, times: text * times, st.text(max_size=12), st.integers(0, 3_000))
urls = st.sampled_from(["", "https://cdn.example/a.mp3", "https://cdn.example/" + "a" * 900])
moments = st.none() | st.floats(1, 253_402_300_799)
clips = st.builds(
    Clip,
    id=texts,
    status=st.sampled_from(Status),
    title=texts,
    style=texts,
    lyrics=texts,
    model=texts,
    duration=st.none() | st.floats(0.01, 1e10),
    audio_url=urls,
    image_url=urls,
    reason=texts,
)
tasks = st.builds(
    Task,
    id=st.text("abc-_0123456789", min_size=1, max_size=80),
    kind=st.sampled_from(TaskKind),
    status=st.sampled_from(Status),
    raw_status=texts,
    recognised=st.booleans(),
    reason=texts,
    progress=st.none() | st.floats(0.01, 99.99),
    submitted_at=moments,
    started_at=moments,
    finished_at=moments,
    clips=st.lists(clips, max_size=9).map(tuple) | clips.map(lambda clip: (clip, clip)),
    lyrics=st.none() | st.builds(Lyrics, title=texts, text=texts, style=texts),
)
tags = st.sampled_from(list(languages()))
outcomes: st.SearchStrategy[MediaFile | MediaError] = st.sampled_from(
    [
        MediaFile(MP3, io.BytesIO(b"x"), 5_000_000),
        MediaFile(MP3, io.BytesIO(b"x"), 20_000_000),
        MediaTooBig(1, 2_000_000_000),
        MediaTooBig(1),
        MediaForbidden(),
        MediaUnavailable(),
        MediaUnrecognised(),
    ]
)


def components_of(view: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = view.to_components() if view else []
    return found


def check(card: Card) -> None:
    async def view() -> list[dict[str, Any]]:
        return components_of(card.view())

    message = {"content": card.content, "embeds": [embed.to_dict() for embed in card.embeds]}
    message["components"] = asyncio.run(view())
    check_message(message, flags=0, attachments=len(card.uploads))
    names = [sanitised(upload.name)[0] for upload in card.uploads]  # as Discord has them
    assert len(set(names)) == len(names)
    shown = [embed.thumbnail.url for embed in card.embeds if (embed.thumbnail.url or "").startswith("attachment://")]
    assert {url.removeprefix("attachment://") for url in shown if url} <= set(names)


@given(tasks, tags)
def test_any_task(task: Task, tag: str) -> None:
    check(task_card(Found(task, "default"), languages()[tag]))
    check(details_card(Found(task, "default"), languages()[tag]))


@given(tasks.filter(lambda task: task.playable), tags, st.data())
def test_any_songs_with_any_files(task: Task, tag: str, data: st.DataObject) -> None:
    found = Found(task, "default")
    cover = st.none() | st.just(MediaFile(PNG, io.BytesIO(b"x"), 900_000))
    clip_files = [
        ClipFile(key, number, clip, data.draw(outcomes), data.draw(cover))
        for number, (key, clip) in enumerate(task.keyed(), 1)
        if clip.playable
    ]
    check(songs_card(found, languages()[tag]))
    cards = song_cards(found, clip_files, languages()[tag], 20_000_000)
    for card in cards:
        check(card)
        assert sum(upload.media.size for upload in card.uploads) < 25 * 1024 * 1024
    wanted = sum(isinstance(clip_file.audio, MediaFile) for clip_file in clip_files)
    assert sum(upload.media.kind is MP3 for card in cards for upload in card.uploads) == wanted


@given(tasks, tags, st.integers(0, 999))
def test_any_lyrics(task: Task, tag: str, page: int) -> None:
    async def view(pages: list[str]) -> list[dict[str, Any]]:
        return components_of(lyrics_card(pages, page, task.id, languages()[tag]))

    if pages := lyrics_pages(lyrics_texts(task), languages()[tag]):
        check_message({"components": asyncio.run(view(pages))}, flags=COMPONENTS_V2, attachments=0)
    lyrics_file(lyrics_texts(task))
