"""Message menus, DMs and mentions of the bot: other ways than a command to give it task ids."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, SunoBot
from bot.ui.features import message_triggers
from bot.ui.render.locales import localised


@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
@app_commands.context_menu(name=localised("menu.lookup"))
async def look_up(interaction: Interaction, message: discord.Message) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    await message_triggers.look_up_message(interaction, message)


@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
@app_commands.context_menu(name=localised("menu.watch"))
async def watch(interaction: Interaction, message: discord.Message) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    await message_triggers.watch_message(interaction, message)


class MessageTriggers(commands.Cog):
    def __init__(self, bot: SunoBot) -> None:
        self._bot = bot

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        if message_triggers.is_for(message, self._bot):
            await message_triggers.answer(message, self._bot)


async def setup(bot: SunoBot) -> None:
    bot.tree.add_command(look_up)
    bot.tree.add_command(watch)
    await bot.add_cog(MessageTriggers(bot))
