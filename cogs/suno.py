"""/suno: commands for everyone, in servers, in the bot's DMs and in private channels."""

from typing import Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, SunoBot
from bot.domain.song_request import Voice
from bot.gateways.extras_reading import Extra
from bot.ui.features import batches, extras, settings, status, watch, watch_list
from bot.ui.features.create import commands as creating
from bot.ui.features.create import lists as order_lists
from bot.ui.features.create import songs as from_songs
from bot.ui.features.library import find as library_list
from bot.ui.interactions.access import answers_privately
from bot.ui.render.locales import localised
from cogs.channels import PostableChannel
from cogs.playlists import PlaylistGroup

Show = Literal["everyone", "me"]
_SHOW = [
    app_commands.Choice(name=localised("show.everyone"), value="everyone"),
    app_commands.Choice(name=localised("show.me"), value="me"),
]

_FORMS = [
    app_commands.Choice(name=localised("as.message"), value="message"),
    app_commands.Choice(name=localised("as.file"), value="file"),
    app_commands.Choice(name=localised("extra.timing"), value="lrc"),
]
_AUDIO_FORMS = [
    app_commands.Choice(name=localised("as.audio"), value="audio"),
    app_commands.Choice(name=localised("extra.wav"), value="wav"),
    app_commands.Choice(name=localised("extra.mp4"), value="mp4"),
]
_SCOPES = [
    app_commands.Choice(name=localised("scope.mine"), value="mine"),
    app_commands.Choice(name=localised("scope.server"), value="server"),
]
_LIBRARY_SCOPES = [
    app_commands.Choice(name=localised("scope.mine"), value="mine"),
    app_commands.Choice(name=localised("scope.here"), value="here"),
    app_commands.Choice(name=localised("scope.this_server"), value="server"),
    app_commands.Choice(name=localised("scope.starred"), value="starred"),
]
_VOICES = [app_commands.Choice(name=localised(f"create.voice.{voice}"), value=voice.value) for voice in Voice]


@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
class Suno(commands.GroupCog, group_name="suno", group_description=localised("cmd.suno")):
    playlist = PlaylistGroup()

    @app_commands.command(name="status", description=localised("cmd.status"))
    @app_commands.describe(task_id=localised("opt.id"), show=localised("opt.show"))
    @app_commands.rename(task_id="id")
    @app_commands.choices(show=_SHOW)
    async def status(self, interaction: Interaction, task_id: str, show: Show | None = None) -> None:
        public = not answers_privately(interaction, show)
        deferred = await interaction.response.defer(ephemeral=not public, thinking=True)
        private = deferred is not None and deferred.is_ephemeral()  # also where Discord makes it so
        await status.show_task(interaction, task_id, public=public and not private)

    @app_commands.command(name="lyrics", description=localised("cmd.lyrics"))
    @app_commands.describe(task_id=localised("opt.id"), clip=localised("opt.clip"), form=localised("opt.as"))
    @app_commands.rename(task_id="id", form="as")
    @app_commands.choices(form=_FORMS)
    async def lyrics(
        self,
        interaction: Interaction,
        task_id: str,
        clip: app_commands.Range[int, 1] | None = None,
        form: Literal["message", "file", "lrc"] = "message",
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        if form == "lrc":
            await extras.show_extra(interaction, task_id, clip, Extra.TIMING)
        else:
            await status.show_lyrics(interaction, task_id, clip, as_file=form == "file")

    @app_commands.command(name="audio", description=localised("cmd.audio"))
    @app_commands.describe(
        task_id=localised("opt.id"),
        clip=localised("opt.clip"),
        show=localised("opt.show"),
        form=localised("opt.audio_as"),
    )
    @app_commands.rename(task_id="id", form="as")
    @app_commands.choices(show=_SHOW, form=_AUDIO_FORMS)
    async def audio(
        self,
        interaction: Interaction,
        task_id: str,
        clip: app_commands.Range[int, 1] | None = None,
        show: Show | None = None,
        form: Literal["audio", "wav", "mp4"] = "audio",
    ) -> None:
        await interaction.response.defer(ephemeral=answers_privately(interaction, show), thinking=True)
        if form == "audio":
            await status.show_audio(interaction, task_id, clip)
        else:
            await extras.show_extra(interaction, task_id, clip, Extra(form))

    @app_commands.command(name="batch", description=localised("cmd.batch"))
    @app_commands.describe(
        ids=localised("opt.ids"), file=localised("opt.file"), action=localised("opt.action"), show=localised("opt.show")
    )
    @app_commands.choices(
        show=_SHOW,
        action=[
            app_commands.Choice(name=localised("kind.MUSIC"), value="MUSIC"),
            app_commands.Choice(name=localised("kind.LYRICS"), value="LYRICS"),
        ],
    )
    async def batch(
        self,
        interaction: Interaction,
        ids: str | None = None,
        file: discord.Attachment | None = None,
        action: Literal["MUSIC", "LYRICS"] | None = None,
        show: Show | None = None,
    ) -> None:
        await batches.batch(interaction, ids, file, action, private=answers_privately(interaction, show))

    @app_commands.command(name="watch", description=localised("cmd.watch"))
    @app_commands.describe(
        ids=localised("opt.ids"),
        channel=localised("opt.channel"),
        mention=localised("opt.mention"),
        lyrics=localised("opt.lyrics"),
        live=localised("opt.live"),
    )
    async def watch(
        self,
        interaction: Interaction,
        ids: str,
        channel: PostableChannel | None = None,
        mention: discord.Member | discord.User | discord.Role | None = None,
        lyrics: str | None = None,
        *,
        live: bool = False,
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await watch.watch(interaction, ids, channel, mention, lyrics=lyrics, live=live)

    @app_commands.command(name="unwatch", description=localised("cmd.unwatch"))
    @app_commands.describe(task_id=localised("opt.unwatch"))
    @app_commands.rename(task_id="id")
    async def unwatch(self, interaction: Interaction, task_id: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await watch_list.unwatch(interaction, task_id)

    @app_commands.command(name="watches", description=localised("cmd.watches"))
    @app_commands.describe(scope=localised("opt.scope"))
    @app_commands.choices(scope=_SCOPES)
    async def watches(self, interaction: Interaction, scope: Literal["mine", "server"] = "mine") -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await watch_list.show_watches(interaction, scope)

    @app_commands.command(name="library", description=localised("cmd.library"))
    @app_commands.describe(find=localised("opt.find"), scope=localised("opt.library_scope"), by=localised("opt.by"))
    @app_commands.choices(scope=_LIBRARY_SCOPES)
    async def library(
        self,
        interaction: Interaction,
        find: app_commands.Range[str, 1, 60] = "",
        scope: Literal["mine", "here", "server", "starred"] | None = None,
        by: discord.Member | discord.User | None = None,
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await library_list.find(interaction, find, scope, by)

    @app_commands.command(name="create", description=localised("cmd.create"))
    @app_commands.describe(
        about=localised("opt.about"),
        voice=localised("opt.voice"),
        model=localised("opt.model"),
        lyrics_file=localised("opt.lyrics_file"),
        channel=localised("opt.create_channel"),
    )
    @app_commands.choices(voice=_VOICES)
    async def create(
        self,
        interaction: Interaction,
        about: app_commands.Range[str, 1, 3_000] | None = None,
        voice: Literal["any", "female", "male", "none"] = "any",
        model: app_commands.Range[str, 1, 50] = "",
        lyrics_file: discord.Attachment | None = None,
        channel: PostableChannel | None = None,
    ) -> None:
        await creating.create(interaction, about, Voice(voice), model, lyrics_file, channel)

    @app_commands.command(name="write", description=localised("cmd.write"))
    @app_commands.describe(about=localised("opt.write_about"))
    async def write(self, interaction: Interaction, about: app_commands.Range[str, 1, 3_000]) -> None:
        await creating.write(interaction, about)

    @app_commands.command(name="extend", description=localised("cmd.extend"))
    @app_commands.describe(song=localised("opt.song"), at=localised("opt.at"))
    async def extend(
        self,
        interaction: Interaction,
        song: app_commands.Range[str, 1, 200],
        at: app_commands.Range[str, 1, 12] | None = None,
    ) -> None:
        await from_songs.extend(interaction, song, at)

    @app_commands.command(name="cover", description=localised("cmd.cover"))
    @app_commands.describe(song=localised("opt.song"), style=localised("opt.cover_style"))
    async def cover(
        self,
        interaction: Interaction,
        song: app_commands.Range[str, 1, 200],
        style: app_commands.Range[str, 1, 1_000] = "",
    ) -> None:
        await from_songs.cover_song(interaction, song, style)

    @app_commands.command(name="orders", description=localised("cmd.orders"))
    @app_commands.describe(scope=localised("opt.orders_scope"))
    @app_commands.choices(scope=_SCOPES)
    async def orders(self, interaction: Interaction, scope: Literal["mine", "server"] = "mine") -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await order_lists.show_orders(interaction, scope)

    @app_commands.command(name="usage", description=localised("cmd.usage"))
    async def usage(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await order_lists.show_usage(interaction)

    @extend.autocomplete("song")
    @cover.autocomplete("song")
    async def songs(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await from_songs.songs_to_choose(interaction, typed)

    @create.autocomplete("model")
    async def models(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await creating.models_to_choose(interaction, typed)

    @app_commands.command(name="settings", description=localised("cmd.settings"))
    async def settings(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await settings.show_settings(interaction)

    @app_commands.command(name="help", description=localised("cmd.help"))
    async def help(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await settings.show_help(interaction)

    @unwatch.autocomplete("task_id")
    async def watched_ids(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await watch_list.watched_ids(interaction, typed)

    @watch.autocomplete("ids")
    @watch.autocomplete("lyrics")
    @status.autocomplete("task_id")
    @lyrics.autocomplete("task_id")
    @audio.autocomplete("task_id")
    async def recent_ids(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await status.recent_ids(interaction, typed)


async def setup(bot: SunoBot) -> None:
    await bot.add_cog(Suno())
