"""Tasks, files, watches and posts as Hypothesis makes them up."""

import io
from typing import Any

from hypothesis import strategies as st

from bot.domain.delivery import Topic
from bot.domain.outbox import ClaimedDelivery
from bot.domain.snapshot import TaskSnapshot
from bot.domain.task import Clip, Lyrics, Status, Task, TaskKind
from bot.domain.watch import Watch, delivery_for
from bot.errors import MediaError, MediaForbidden, MediaTooBig, MediaUnavailable, MediaUnrecognised
from bot.gateways.file_type import MP3
from bot.gateways.media import MediaFile
from bot.services.delivery.port import Post
from bot.services.lookup import Found
from bot.ui.render.locales import languages

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

IDS = st.integers(1, 2**63 - 1)
watches = st.builds(
    Watch,
    id=IDS,
    task_id=st.text("abc-_0123456789", min_size=1, max_size=80),
    user_id=IDS,
    channel_id=IDS,
    guild_id=st.none() | IDS,
    mentions=st.lists(IDS.map("<@{}>".format), max_size=20).map(tuple),
    lyrics_id=st.sampled_from(["", "words"]),
    created_at=st.floats(0, 4e9),
)


def post_of(watch: Watch, topic: Topic, task: Task, lyrics: Task | None, **fields: Any) -> Post:
    claimed = ClaimedDelivery(
        delivery=delivery_for(watch, topic, watch.created_at),
        attempts=0,
        tried_at=None,
        watch=watch,
        snapshot=TaskSnapshot(task_id=task.id, task=task),
        lyrics=TaskSnapshot(task_id="words", task=lyrics) if lyrics else None,
        card_id=None,
    )
    return Post(claimed, Found(task, "default"), **fields)
