"""/suno playlist: a group of its own inside of /suno."""

from typing import Literal

from discord import app_commands

from bot.client import Interaction
from bot.domain.playlists import LONGEST_NAME
from bot.ui.features.playlists import change, choices, show
from bot.ui.render.locales import localised

_SCOPES = [
    app_commands.Choice(name=localised("scope.mine"), value="mine"),
    app_commands.Choice(name=localised("scope.this_server"), value="server"),
]
_Name = app_commands.Range[str, 1, LONGEST_NAME]
_Song = app_commands.Range[str, 1, 200]


class PlaylistGroup(app_commands.Group):
    def __init__(self) -> None:
        super().__init__(name="playlist", description=localised("cmd.playlist"))

    @app_commands.command(name="create", description=localised("playlists.create"))
    @app_commands.describe(name=localised("opt.playlist_name"), scope=localised("opt.playlist_scope"))
    @app_commands.choices(scope=_SCOPES)
    async def create(self, interaction: Interaction, name: _Name, scope: Literal["mine", "server"] = "mine") -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await change.create(interaction, name, of_server=scope == "server")

    @app_commands.command(name="add", description=localised("playlists.add"))
    @app_commands.describe(name=localised("opt.playlist"), song=localised("opt.playlist_song"))
    async def add(self, interaction: Interaction, name: _Name, song: _Song) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await change.add(interaction, name, song)

    @app_commands.command(name="remove", description=localised("playlists.remove"))
    @app_commands.describe(name=localised("opt.playlist"), song=localised("opt.listed_song"))
    async def remove(self, interaction: Interaction, name: _Name, song: _Song) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await change.remove(interaction, name, song)

    @app_commands.command(name="show", description=localised("playlists.show"))
    @app_commands.describe(name=localised("opt.playlist_any"))
    async def show(self, interaction: Interaction, name: _Name | None = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await show.show(interaction, name)

    @app_commands.command(name="post", description=localised("playlists.post"))
    @app_commands.describe(name=localised("opt.playlist"))
    async def post(self, interaction: Interaction, name: _Name) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await show.post(interaction, name)

    @app_commands.command(name="delete", description=localised("playlists.delete"))
    @app_commands.describe(name=localised("opt.playlist"))
    async def delete(self, interaction: Interaction, name: _Name) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await change.delete(interaction, name)

    @add.autocomplete("name")
    @remove.autocomplete("name")
    @show.autocomplete("name")
    @post.autocomplete("name")
    @delete.autocomplete("name")
    async def names(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await choices.playlists_to_choose(interaction, typed)

    @add.autocomplete("song")
    async def songs(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await choices.songs_to_choose(interaction, typed)

    @remove.autocomplete("song")
    async def listed_songs(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await choices.listed_songs_to_choose(interaction, typed)
