"""An option for any channel or thread that accepts messages or posts, also if it is not in the cache."""

from typing import Any, TypeAlias

import discord
from discord import app_commands

from bot.ui.interactions.destinations import Channel

_KINDS = discord.ChannelType
_WITH_MESSAGES = (
    _KINDS.text, _KINDS.news, _KINDS.voice, _KINDS.stage_voice,
    _KINDS.public_thread, _KINDS.private_thread, _KINDS.news_thread,
)  # fmt: skip


class _Postable(app_commands.Transformer):
    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        return [*_WITH_MESSAGES, discord.ChannelType.forum]

    async def transform(self, _interaction: discord.Interaction[Any], value: Any, /) -> Channel:
        channel: Channel = value
        return channel


class _WithMessages(_Postable):
    """Without forums."""

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        return [*_WITH_MESSAGES]


PostableChannel: TypeAlias = app_commands.Transform[Channel, _Postable]
MessageChannel: TypeAlias = app_commands.Transform[Channel, _WithMessages]
