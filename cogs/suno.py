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

    @app_commands.command(name="lyrics", description=localised("cmd.lyrics"))
    @app_commands.describe(task_id=localised("opt.id"), clip=localised("opt.clip"), form=localised("opt.as"))
    @app_commands.rename(task_id="id", form="as")
    @app_commands.choices(
        form=[
            app_commands.Choice(name=localised("as.message"), value="message"),
            app_commands.Choice(name=localised("as.file"), value="file"),
        ]
    )
    async def lyrics(
        self,
        interaction: Interaction,
        task_id: str,
        clip: app_commands.Range[int, 1] | None = None,
        form: Literal["message", "file"] = "message",
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await answers.show_lyrics(interaction, task_id, clip, as_file=form == "file")

    @app_commands.command(name="audio", description=localised("cmd.audio"))
    @app_commands.describe(task_id=localised("opt.id"), clip=localised("opt.clip"))
    @app_commands.rename(task_id="id")
    async def audio(
        self, interaction: Interaction, task_id: str, clip: app_commands.Range[int, 1] | None = None
    ) -> None:
        await interaction.response.defer(thinking=True)
        await answers.show_audio(interaction, task_id, clip)

    @status.autocomplete("task_id")
    @lyrics.autocomplete("task_id")
    @audio.autocomplete("task_id")
    async def recent_ids(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await answers.recent_ids(interaction, typed)


async def setup(bot: SunoBot) -> None:
    await bot.add_cog(Suno())
