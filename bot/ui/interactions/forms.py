"""Forms: what they have in common, whatever they ask for."""

from abc import abstractmethod
from typing import Any

import discord

from bot.client import Interaction
from bot.ui.interactions.access import check_access
from bot.ui.interactions.errors import answer_failure

_LIFE = 3_600.0  # seconds; Discord does not say that a form was closed, and each would be kept for ever


class Form(discord.ui.Modal):
    def __init__(self, title: str) -> None:
        super().__init__(title=title, timeout=_LIFE)

    @abstractmethod
    async def sent_off(self, interaction: Interaction) -> None:
        """Its fields are filled in; nothing is answered yet."""

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        await check_access(interaction)
        await self.sent_off(interaction)

    async def on_error(self, interaction: discord.Interaction[Any], error: Exception, /, *_item: Any) -> None:
        self.stop()
        await answer_failure(interaction, error)
