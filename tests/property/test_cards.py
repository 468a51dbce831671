"""Cards of any task keep to Discord's limits."""

import asyncio
import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.lyrics_texts import lyrics_texts
from bot.domain.task import Task
from bot.gateways.file_type import MP3, PNG
from bot.gateways.media import MediaFile
from bot.services.clip_files import ClipFile
from bot.services.lookup import Found
from bot.ui.render.cards import details_card, song_cards, songs_card, task_card
from bot.ui.render.locales import languages
from bot.ui.render.lyrics import lyrics_card, lyrics_file, lyrics_pages
from sandbox.local_discord.limits import COMPONENTS_V2, check_message
from tests.property.limits import check, components_of
from tests.property.strategies import outcomes, tags, tasks


@given(tasks, tags)
def test_any_task(task: Task, tag: str) -> None:
    check(task_card(Found(task, "default"), languages()[tag]))
    check(details_card(Found(task, "default"), languages()[tag]))


@given(tasks.filter(lambda task: task.playable), tags, st.data())
def test_any_songs_with_any_files(task: Task, tag: str, data: st.DataObject) -> None:
    found = Found(task, "default")
    cover = st.none() | st.just(MediaFile(PNG, io.BytesIO(b"x"), 900_000))
    waveform = st.none() | st.just(MediaFile(PNG, io.BytesIO(b"x"), 400))
    clip_files = [
        ClipFile(key, number, clip, data.draw(outcomes), data.draw(cover), data.draw(waveform))
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
