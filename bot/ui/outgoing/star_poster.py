"""Edits the numbers on the star buttons of a message; everything else on it stays as it is."""

from typing import Any

import discord

from bot.client import SunoBot
from bot.domain.library import CountedMessage
from bot.services.library.star_counts import Counts
from bot.ui.outgoing.errors import post_errors
from bot.ui.render.actions import CUSTOM_ID, STAR, SongPayload
from bot.ui.render.components import buttons_on, star_label, view_of


class DiscordStarPoster:
    def __init__(self, bot: SunoBot) -> None:
        self._bot = bot

    async def show_stars(self, message: CountedMessage, counts: Counts) -> None:
        channel = self._bot.get_partial_messageable(message.channel_id)
        async with post_errors():
            shown = await channel.fetch_message(message.message_id)
        buttons = buttons_on(shown)
        songs = {payload: button for button in buttons if (payload := _starred(button))}
        known = await counts([(each.task_id, each.number) for each in songs])
        changed = False
        for payload, button in songs.items():
            count = known.get((payload.task_id, payload.number), 0)
            label = star_label(payload.number, count, len(songs))
            changed |= label != button.label
            button.label = label
        if changed:
            async with post_errors():
                await shown.edit(view=view_of(buttons))


def _starred(button: discord.ui.Button[Any]) -> SongPayload | None:
    found = CUSTOM_ID.fullmatch(button.custom_id or "")
    if found is None or found["action"] != STAR.code:
        return None
    return SongPayload.parse(found["about"], found["mark"])
