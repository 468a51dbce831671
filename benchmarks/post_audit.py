"""Checks the bot's posts: each finished task once, with its files, byte for byte."""

import asyncio
import time
from collections import defaultdict
from typing import NoReturn

from benchmarks.finishing_gateway import SECONDS, SOUND
from benchmarks.steady_gateway import CLIPS
from sandbox.local_discord.messages import Upload
from sandbox.local_discord.people import components
from sandbox.local_discord.rest import Request
from sandbox.local_discord.server import LocalDiscord
from sandbox.local_gateway.songs import audio, without_tag

_SWEEP = 1.0  # seconds


class PostAudit:
    """Removes the requests, with their uploads, from the local Discord's log, which would grow to gigabytes."""

    def __init__(self, discord: LocalDiscord) -> None:
        self._discord = discord
        self._song = audio(SOUND, SECONDS)[0]
        self._messages: defaultdict[str, set[str]] = defaultdict(set)  # by task
        self.seen_at: dict[str, float] = {}  # Unix seconds, by task; late by a sweep at most
        self.wrong = 0  # posts that are not a song with all its files

    async def keep(self) -> NoReturn:
        while True:
            await asyncio.sleep(_SWEEP)
            self.sweep()

    def sweep(self) -> None:
        requests = self._discord.requests
        done = [request for request in requests if request.status]
        requests[:] = [request for request in requests if not request.status]
        for request in done:
            if request.status == 200 and request.method == "POST" and request.path.endswith("/messages"):
                self._enter(request)
        self._discord.world.files.clear()

    def _enter(self, post: Request) -> None:
        names = [str(each.get("custom_id", "")).split(":", 3) for each in components(post.answer)]
        task_ids = [parts[3] for parts in names if parts[:2] == ["s1", "dt"]]
        if len(task_ids) == 1 and self._is_whole(list(post.uploads.values())):
            self._messages[task_ids[0]].add(post.answer["id"])
            self.seen_at.setdefault(task_ids[0], time.time())
        else:
            self.wrong += 1

    def _is_whole(self, uploads: list[Upload]) -> bool:
        sounds = [each for each in uploads if each.content_type == "audio/mpeg"]
        return len(sounds) == len(CLIPS) and all(without_tag(each.content) == self._song for each in sounds)

    @property
    def posted(self) -> int:
        """The number of posted tasks."""
        return len(self._messages)

    @property
    def doubled(self) -> int:
        return sum(len(messages) > 1 for messages in self._messages.values())
