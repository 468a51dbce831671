"""Adds to the library what was posted before there was one, from the deliveries that are still stored, in small steps
while the bot works.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence

from bot.domain.library import NewSong, PastPost, PostedAt, Posting, songs_of
from bot.errors import StorageError
from bot.services.clock import Clock
from bot.services.storage_retry import wait_for_storage
from bot.storage.past_posts import PastPostStore

_STEP = 25  # posts in one transaction: about 50 ms in which nothing else writes
_PAUSE = 0.5  # seconds between two steps

Locate = Callable[[PastPost], Awaitable[PostedAt | None]]
"""Where a post is and who may view it; None: in a server that the bot has left."""

log = logging.getLogger(__name__)


async def backfill(store: PastPostStore, locate: Locate, clock: Clock) -> None:
    """Until all are added. The newest first; after a restart it continues where it stopped."""
    count = 0
    while True:
        try:
            posts = await store.next_posts(_STEP)
            if posts is None:
                break
            await store.add(await _songs(posts, locate), posts)
        except StorageError as error:
            await wait_for_storage(clock, log, error)
            continue
        count += len(posts)
        await clock.sleep(_PAUSE)
    if count:
        log.info("added %d earlier posts to the library", count)


async def _songs(posts: Sequence[PastPost], locate: Locate) -> list[NewSong]:
    songs: list[NewSong] = []
    for post in posts:
        if place := await locate(post):
            posting = Posting(
                place=place,
                gateway=post.gateway,
                user_id=post.user_id,
                at=post.sent_at,
                newest=False,
                lyrics=post.lyrics,
            )
            songs += songs_of(post.task, post.clips, posting)
    return songs
