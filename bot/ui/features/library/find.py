"""The list of what was found, page by page; who may view what is asked anew for each page."""

from functools import partial

import discord

from bot.client import Interaction
from bot.domain.library import FoundSongs, Scope
from bot.domain.search_text import is_searchable
from bot.errors import NotInLibrary
from bot.ui.interactions.access import language_of
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.library_search import query_of, viewable_by
from bot.ui.interactions.replies import show_list
from bot.ui.render import actions
from bot.ui.render.components import button, page_buttons
from bot.ui.render.locales import Language
from bot.ui.render.payloads import LibraryPayload
from bot.ui.render.song_list import PAGE, song_row
from bot.ui.render.text import one_line

LONGEST_FIND = 60  # characters: they stand in the buttons of the pages


async def find(interaction: Interaction, find: str, scope: str | None, by: discord.abc.User | None) -> None:
    in_server = interaction.client.get_guild(interaction.guild_id or 0) is not None
    wanted = scope or (Scope.SERVER if in_server else Scope.MINE)
    if wanted == Scope.SERVER and not in_server:
        await interaction.edit_original_response(content=language_of(interaction)("library.nowhere"))
        return
    await _show(interaction, LibraryPayload(wanted, by.id if by else 0, " ".join(find.split())))


@on_press(actions.LIBRARY_PAGE)
async def turn_page(interaction: Interaction, payload: LibraryPayload) -> None:
    await interaction.response.defer()
    await _show(interaction, payload)


async def _show(interaction: Interaction, wanted: LibraryPayload) -> None:
    """Raises NotInLibrary for a list that none of our buttons names."""
    if wanted.scope not in set(Scope):
        raise NotInLibrary
    query = query_of(interaction, Scope(wanted.scope), wanted.find, wanted.by)
    library = interaction.client.services.library
    found = await library.find(query, viewable_by(interaction), limit=PAGE, page=wanted.page)
    await show_list(interaction, partial(_view, found, wanted, interaction.user.id, language_of(interaction)))


def _view(
    found: FoundSongs, wanted: LibraryPayload, user_id: int, language: Language, *, titled: bool
) -> discord.ui.LayoutView:
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(discord.ui.TextDisplay(_heading(found, wanted, language)))
    pages = -(-found.count // PAGE)
    page = min(wanted.page, max(0, pages - 1))
    for number, each in enumerate(found.songs, page * PAGE + 1):
        view.add_item(song_row(number, each, user_id, language, titled=titled))
    payload_of = partial(LibraryPayload, wanted.scope, wanted.by, wanted.find)
    turn = page_buttons(actions.LIBRARY_PAGE, payload_of, page, pages) if pages > 1 else []
    if turn:
        view.add_item(discord.ui.TextDisplay(f"-# {language('list.page', page=page + 1, pages=pages)}"))
    if found.songs:
        view.add_item(discord.ui.ActionRow(*turn, button(actions.LIBRARY_ZIP, payload_of(page), language)))
    return view


def _none_key(wanted: LibraryPayload) -> str:
    """Why there is nothing."""
    if wanted.find:
        return "none_found" if is_searchable(wanted.find) else "none_typed"
    return "none_by" if wanted.by else f"none_{wanted.scope}"


def _heading(found: FoundSongs, wanted: LibraryPayload, language: Language) -> str:
    if not found.count:
        scope, person = language(f"library.within_{wanted.scope}"), f"<@{wanted.by}>"
        find = one_line(wanted.find, LONGEST_FIND * 2)
        return language(f"library.{_none_key(wanted)}", find=find, scope=scope, person=person)
    parts = [language(f"library.{wanted.scope}", n=found.count)]
    if wanted.find:
        parts.append(language("library.find", find=one_line(wanted.find, LONGEST_FIND * 2)))
    if wanted.by:
        parts.append(language("library.by", person=f"<@{wanted.by}>"))
    return f"## 🎶 {' · '.join(parts)}"
