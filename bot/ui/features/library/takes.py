"""Of several takes of a song its maker chooses one: the others are folded away, and nothing is deleted."""

import discord

from bot.client import Interaction
from bot.domain.library import Song
from bot.errors import NotInLibrary, NotTheMaker
from bot.ui.features.library.card import show_take
from bot.ui.interactions.access import language_of
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.library_search import song_for
from bot.ui.render import actions
from bot.ui.render.components import choice_button
from bot.ui.render.payloads import LibrarySongPayload, SongPayload

_MOST = 25  # buttons of a message


@on_press(actions.TAKES)
async def ask(interaction: Interaction, payload: SongPayload) -> None:
    """From a post, for its maker."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    await _show(interaction, await _takes(interaction, payload.task_id))


@on_press(actions.TAKE)
async def choose(interaction: Interaction, payload: SongPayload) -> None:
    await interaction.response.defer()
    takes = await _takes(interaction, payload.task_id)
    song = next((each for each in takes if each.number == payload.number), None)
    if song is None:
        raise NotInLibrary
    library = interaction.client.services.library
    await library.toggle_take(song)
    await _show(interaction, await library.takes(song))


async def _takes(interaction: Interaction, task_id: str) -> list[Song]:
    """Of a task in this channel. Raises NotInLibrary, or NotTheMaker for others."""
    library, me = interaction.client.services.library, interaction.user.id
    for number in (1, 2):
        if song := await library.posted_song(interaction.channel_id or 0, task_id, number, me):
            return _made_by(me, await library.takes(song))
    raise NotInLibrary


def _made_by(user_id: int, takes: list[Song]) -> list[Song]:
    if not takes or any(each.person_id != user_id for each in takes):
        raise NotTheMaker
    return takes


async def _show(interaction: Interaction, takes: list[Song]) -> None:
    language = language_of(interaction)
    view = discord.ui.View(timeout=None)
    for each in takes[:_MOST]:
        payload, label = SongPayload(each.task_id, each.number), language("btn.take", n=each.number)
        view.add_item(choice_button(actions.TAKE, payload, label, chosen=each.chosen))
    await interaction.edit_original_response(content=language("library.takes"), view=view)


@on_press(actions.LIBRARY_TAKE)
async def choose_opened(interaction: Interaction, payload: LibrarySongPayload) -> None:
    """On the answer that shows the song."""
    await interaction.response.defer()
    song = (await song_for(interaction, payload.song_id)).song
    library = interaction.client.services.library
    _made_by(interaction.user.id, [song])
    await show_take(interaction, chosen=await library.toggle_take(song))
