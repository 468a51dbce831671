"""Posts from before there was a library are added in steps, once, and on after a restart."""

from collections.abc import Sequence

import pytest
from bot.services.polling.record import record
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.library import ChannelGroup, PastPost, PostedAt, Scope, SongQuery
from bot.domain.task import Clip, Status, Task, TaskKind
from bot.errors import StorageError
from bot.services.library.backfill import backfill
from bot.storage.library import LibraryStore
from bot.storage.outbox import Outbox
from bot.storage.past_posts import BEFORE, PastPostStore
from bot.storage.polls import PollStore
from bot.storage.schema import key_values
from bot.storage.watches import WatchStore
from tests.clock import JumpingClock
from tests.storage.samples import NOW, SCHEDULE, SONGS, answers, make_watch

COUNT = 60


class EagerClock(JumpingClock):
    """Sleeping takes no time."""

    async def sleep(self, seconds: float) -> None:
        self.jump(seconds)


@pytest.fixture
async def posts(engine: AsyncEngine) -> PastPostStore:
    """Sixty posts of songs, as an older version left them, and what its migration notes."""
    watches, polls, outbox = WatchStore(engine), PollStore(engine), Outbox(engine)
    ids = [f"t{number}" for number in range(COUNT)]
    await watches.add([make_watch(each) for each in ids], most=500, gateways=dict.fromkeys(ids, "default"))
    await record(polls, answers(*map(_finished, ids)), NOW, SCHEDULE)
    while sending := await outbox.claim(NOW + 100, lease=60, limit=COUNT):
        for claimed in sending:
            await outbox.sent(claimed.delivery, 1_000 + int(claimed.watch.task_id[1:]), NOW)
    async with engine.begin() as connection:
        await connection.execute(insert(key_values).values(key=BEFORE, value=str(10_000)))
    return PastPostStore(engine)


def _finished(task_id: str) -> Task:
    clip = Clip(id=f"{task_id}-clip", status=Status.DONE, title=f"Song {task_id}", audio_url="https://a", lyrics="tide")
    return Task(id=task_id, kind=TaskKind.MUSIC, status=Status.DONE, clips=(clip,))


async def place(post: PastPost) -> PostedAt:
    channel_id = post.channel_id
    return PostedAt(guild_id=post.guild_id, channel_id=channel_id, parent_id=channel_id, message_id=post.message_id)


async def found(engine: AsyncEngine) -> Sequence[str]:
    group = ChannelGroup(5, 0, SONGS, False)
    query = SongQuery(user_id=9, scope=Scope.SERVER, find="tide", guild_id=5, viewable=[group])
    return [each.song.task_id for each in (await LibraryStore(engine).find(query, limit=100)).songs]


async def test_all_are_added_that_are_in_a_server_of_the_bot(posts: PastPostStore, engine: AsyncEngine) -> None:

    async def locate(post: PastPost) -> PostedAt | None:
        return None if post.message_id == 1_007 else await place(post)

    await backfill(posts, locate, EagerClock())
    assert sorted(await found(engine)) == sorted(f"t{number}" for number in range(COUNT) if number != 7)
    assert await posts.next_posts(10) is None, "that is over for good"


async def test_it_goes_on_where_it_stopped(posts: PastPostStore, engine: AsyncEngine) -> None:
    seen: list[int] = []

    async def dies(post: PastPost) -> PostedAt | None:
        seen.append(post.seq)
        if len(seen) == 40:
            raise StorageError("the process ends here")
        return await place(post)

    class Ends(EagerClock):
        async def sleep(self, seconds: float) -> None:
            if len(seen) >= 40:
                raise InterruptedError
            await super().sleep(seconds)

    with pytest.raises(InterruptedError):
        await backfill(posts, dies, Ends())
    assert len(await found(engine)) == 25, "a step is added as a whole, or not at all"
    await backfill(posts, place, EagerClock())
    assert len(await found(engine)) == COUNT
