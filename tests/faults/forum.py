"""Faults of Discord where a task is watched in a forum: posts there have no nonce, and each song has one of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sandbox.local_discord.faults import Fault
from sandbox.local_discord.permissions import Permission
from tests.faults.discord import asks_for_patience, channel_deleted, fails, has_files, loses
from tests.faults.rows import HOUR, Begin, Fate, Row
from tests.faults.scenario import Scenario

_POSTS = r"^/channels/\d+/threads$"


@asynccontextmanager
async def answer_lost(scenario: Scenario) -> AsyncIterator[None]:
    """The post is there, but Discord's answer is lost."""
    scenario.discord.faults.order(Fault(_POSTS, 0, method="POST", after=True))
    yield


def blocked(name: str, fault: Begin, within: float) -> Row:
    return Row(name, fault, person="post.blocked", within=within, forum=True)


ROWS = (
    Row("429 on new posts", asks_for_patience(30, path=_POSTS), forum=True),
    Row("a post is made, and its answer is lost", answer_lost, fate=Fate.ARRIVES, forum=True),
    Row(
        "504 on new posts whenever files are attached",
        fails(_POSTS, 504, when=has_files),
        post="post.files_refused",
        fate=Fate.LINKS,
        files=0,
        forum=True,
    ),
    blocked("Create Posts is taken away", loses(Permission.SEND_MESSAGES), 10),
    Row(
        "the forum is hidden from the bot", loses(Permission.VIEW_CHANNEL), person="post.blocked", within=10, forum=True
    ),
    blocked("400, 40067: a tag is required", fails(_POSTS, 400, 40067), HOUR),
    Row(
        "403, 160006: too many posts are open",
        fails(_POSTS, 403, 160006),
        person="post.blocked",
        within=HOUR,
        forum=True,
    ),
    Row("404, 10003: the forum is gone", channel_deleted, post="post.moved", fate=Fate.MOVED, forum=True),
)
