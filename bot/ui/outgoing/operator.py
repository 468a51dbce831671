"""Notifies the bot's owner by DM of problems that only the owner can fix."""

import logging
from collections.abc import Sequence

import discord

from bot.client import UNANSWERED, SunoBot
from bot.errors import GatewayError, GatewayMisplaced, GatewayRefused
from bot.gateways.gateway import Gateway
from bot.ui.render.key_usage import why_refused
from bot.ui.render.locales import languages
from bot.ui.render.text import code

log = logging.getLogger(__name__)


class Operator:
    def __init__(self, bot: SunoBot, gateways: Sequence[Gateway]) -> None:
        self._bot = bot
        self._gateways = {gateway.name: gateway for gateway in gateways}

    async def notify(self, gateway: str, error: GatewayError) -> None:
        """What is wrong with a gateway, in every language: the owner's language is unknown."""
        usage = await self._gateways[gateway].usage() if isinstance(error, GatewayRefused) else None
        lines = [
            " ".join([language(_key(error), gateway=code(gateway)), *why_refused(error.words, usage, language)])
            for language in languages().values()
        ]
        try:
            application = await self._bot.application_info()
            team = application.team
            owner = discord.Object(team.owner_id) if team and team.owner_id else application.owner
            channel = await self._bot.create_dm(owner)
            await channel.send("\n".join(lines))
        except UNANSWERED as failure:
            name = type(failure).__name__
            log.warning("the owner could not be notified by DM of gateway %s: %s: %s", gateway, name, failure)


def _key(error: GatewayError) -> str:
    match error:
        case GatewayRefused():
            return "operator.refused"
        case GatewayMisplaced():
            return "operator.misplaced"
    return "operator.silent"
