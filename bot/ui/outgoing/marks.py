"""What the buttons of a message that was posted say of it: which delivery it was, and which songs are in it."""

from collections.abc import AsyncIterator, Iterator

import discord

from bot.services.delivery.port import PostedSongs
from bot.ui.render.actions import CUSTOM_ID, DETAILS, LYRICS, STAR


async def first_with(mark: str, messages: AsyncIterator[discord.Message]) -> int | None:
    """The id of the first with a button whose custom_id contains that mark; None: there is none."""
    async for message in messages:
        if any(f":{mark}:" in custom_id for custom_id in _custom_ids(message)):
            return message.id
    return None


def songs_in(message: discord.Message, task_id: str) -> PostedSongs | None:
    """None: it is no delivery of that task's."""
    buttons = [found for custom_id in _custom_ids(message) if (found := CUSTOM_ID.fullmatch(custom_id))]
    of_task = [(found["action"], found["mark"]) for found in buttons if found["about"] == task_id]
    marks = [mark for action, mark in of_task if action == DETAILS.code]
    numbers = frozenset(int(mark) for action, mark in of_task if action == STAR.code and mark.isdecimal())
    if not marks or message.interaction_metadata:  # an answer to a command is no delivery
        return None
    lyrics = not numbers and any(action == LYRICS.code for action, _ in of_task)
    return PostedSongs(message.id, marks[0], numbers, lyrics)


def _custom_ids(message: discord.Message) -> Iterator[str]:
    for row in message.components:
        for item in getattr(row, "children", ()):
            yield getattr(item, "custom_id", None) or ""
