"""Who watches a task that is finished already is told so, with its title and the way to the post."""

import asyncio
import logging
from collections.abc import Sequence

import discord

from bot.client import Interaction
from bot.domain.watch import WatchOutcome
from bot.domain.watch_results import AddedWatches, WatchResult
from bot.errors import StorageError
from bot.ui.interactions.access import reader
from bot.ui.render.locales import Language
from bot.ui.render.text import one_line

_PAUSES = (0.3, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds between looks; songs are posted within a few
_MOST = 5  # posts that are named in an answer
_TITLE = 80  # characters
_FINISHED = {WatchOutcome.DELIVERED: "watch.finished", WatchOutcome.FAILED: "watch.ended"}

log = logging.getLogger(__name__)


async def tell_of_finished(
    interaction: Interaction, added: AddedWatches, outcome: Sequence[str], others: Sequence[str]
) -> None:
    """In the answer that said that they are watched: in place of that, when all are finished. `others`: what stays."""
    watched = [watch.id for watch in (*added.watched, *added.known)][:_MOST]
    language = reader(interaction)
    try:
        finished = await _posted(interaction, watched)
        if finished:
            all_of_them = len(finished) == len(added.watched) + len(added.known) + added.refused
            lines = [*([] if all_of_them else outcome), *(_sentence(each, language) for each in finished), *others]
            view = None if all_of_them else discord.utils.MISSING
            await interaction.edit_original_response(content="\n".join(lines), view=view)
    except (StorageError, discord.HTTPException) as error:
        log.info("a person was not told that a task is finished already: %s", error)


async def _posted(interaction: Interaction, watch_ids: Sequence[int]) -> list[WatchResult]:
    """Those that are finished, as soon as all of them are posted."""
    for pause in _PAUSES if watch_ids else ():
        await asyncio.sleep(pause)
        found = await interaction.client.services.watches.results(watch_ids)
        if all(each.message_id or (each.polled and each.outcome not in _FINISHED) for each in found):
            return [each for each in found if each.message_id and each.outcome in _FINISHED]
    return []


def _sentence(result: WatchResult, language: Language) -> str:
    place = result.guild_id or "@me"
    link = f"https://discord.com/channels/{place}/{result.channel_id}/{result.message_id}"
    title = one_line(result.title, _TITLE) or one_line(result.task_id, _TITLE)
    return language(_FINISHED[result.outcome], title=title, link=link)
