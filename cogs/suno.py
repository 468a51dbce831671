"""/suno: what everyone may ask, in servers, in the bot's DMs and in private channels."""

from typing import Literal

from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, SunoBot
from bot.ui import answers
from bot.ui.locales import localised


@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
class Suno(commands.GroupCog, group_name="suno", group_description=localised("cmd.suno")):
    @app_commands.command(name="status", description=localised("cmd.status"))
    @app_commands.describe(task_id=localised("opt.id"), show=localised("opt.show"))
    @app_commands.rename(task_id="id")
    @app_commands.choices(
        show=[
            app_commands.Choice(name=localised("show.everyone"), value="everyone"),
            app_commands.Choice(name=localised("show.me"), value="me"),
        ]
    )
    async def status(
        self, interaction: Interaction, task_id: str, show: Literal["everyone", "me"] = "everyone"
    ) -> None:
        await interaction.response.defer(ephemeral=show == "me", thinking=True)
        await answers.show_task(interaction, task_id, public=show == "everyone")

    @status.autocomplete("task_id")
    async def recent_ids(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await answers.recent_ids(interaction, typed)


async def setup(bot: SunoBot) -> None:
    await bot.add_cog(Suno())
