"""An option for any channel or thread that accepts messages or posts, also if it is not in the cache."""

from typing import Any, TypeAlias

import discord
from discord import app_commands

from bot.ui.interactions.destinations import Channel


class _Postable(app_commands.Transformer):
    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        kinds = discord.ChannelType
        threads = [kinds.public_thread, kinds.private_thread, kinds.news_thread]
        return [kinds.text, kinds.news, kinds.voice, kinds.stage_voice, kinds.forum, *threads]

    async def transform(self, _interaction: discord.Interaction[Any], value: Any, /) -> Channel:
        channel: Channel = value
        return channel


PostableChannel: TypeAlias = app_commands.Transform[Channel, _Postable]
