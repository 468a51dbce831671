"""The base class of forms."""

from abc import abstractmethod
from typing import Any

import discord

from bot.client import Interaction
from bot.ui.interactions.access import check_access
from bot.ui.interactions.errors import answer_failure

_TIMEOUT = 3_600.0  # seconds; Discord does not report that a form was closed, so each would be kept for ever


class Form(discord.ui.Modal):
    def __init__(self, title: str) -> None:
        super().__init__(title=title, timeout=_TIMEOUT)

    @abstractmethod
    async def handle_submit(self, interaction: Interaction) -> None:
        """Called with the fields filled in, before any answer."""

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        await check_access(interaction)
        await self.handle_submit(interaction)

    async def on_error(self, interaction: discord.Interaction[Any], error: Exception, /, *_item: Any) -> None:
        self.stop()
        await answer_failure(interaction, error)
