"""Stars, under posts and on songs that somebody has opened."""

import discord

from bot.client import Interaction
from bot.domain.library import Song
from bot.errors import NotInLibrary
from bot.ui.features.library.card import show_buttons, show_star
from bot.ui.interactions.access import language_of
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.library_search import song_for
from bot.ui.render import actions
from bot.ui.render.components import button
from bot.ui.render.payloads import LibrarySongPayload, SongPayload
from bot.ui.render.text import one_line

_TITLE = 80  # characters


@on_press(actions.STAR)
async def star_post(interaction: Interaction, payload: SongPayload) -> None:
    """The post shows the new number a little later; whether it is one more or one less is told to the person.

    On an answer that only they see, which the bot cannot edit later, the number changes at once.
    """
    private = interaction.message is not None and interaction.message.flags.ephemeral
    await interaction.response.defer(ephemeral=True, thinking=not private)
    library, channel_id = interaction.client.services.library, interaction.channel_id or 0
    song = await library.posted_song(channel_id, payload.task_id, payload.number, interaction.user.id)
    if song is None:
        raise NotInLibrary
    pressed = (channel_id, interaction.message.id) if interaction.message else None
    starred = await library.toggle_star(song, interaction.user.id, pressed=pressed)
    view = discord.ui.View(timeout=None)
    view.add_item(button(actions.LIBRARY_ADD, LibrarySongPayload(song.id), language_of(interaction)))
    text = _sentence(interaction, song, starred=starred)
    if private:
        count = (await library.stars(channel_id, song.task_id)).get(song.number, 0)
        await show_star(interaction, song, count)
        await interaction.followup.send(text, view=view if starred else discord.utils.MISSING, ephemeral=True)
    else:
        await interaction.edit_original_response(content=text, view=view if starred else None)


def _sentence(interaction: Interaction, song: Song, *, starred: bool) -> str:
    language = language_of(interaction)
    title = one_line(song.title, _TITLE) or language("card.untitled")
    return language("library.starred_now" if starred else "library.unstarred", title=title)


@on_press(actions.LIBRARY_STAR)
async def star_opened(interaction: Interaction, payload: LibrarySongPayload) -> None:
    """On the answer that shows the song, whose button shows at once what it is now."""
    await interaction.response.defer()
    found = await song_for(interaction, payload.song_id)
    await interaction.client.services.library.toggle_star(found.song, interaction.user.id)
    await show_buttons(interaction, await song_for(interaction, payload.song_id))
