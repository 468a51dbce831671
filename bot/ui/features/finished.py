"""Updates the answer to "watch" when the task was already finished: its title, and a link to its post."""

import asyncio
import logging
from collections.abc import Sequence

import discord

from bot.client import Interaction
from bot.domain.watch import WatchOutcome
from bot.domain.watch_results import AddedWatches, WatchResult
from bot.errors import StorageError
from bot.ui.interactions.access import language_of
from bot.ui.render.locales import Language
from bot.ui.render.text import one_line

_DELAYS = (0.3, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds between looks; songs are posted within a few
_MAX_POSTS = 5  # posts that are named in an answer
_TITLE = 80  # characters
_FINISHED = {WatchOutcome.DELIVERED: "watch.finished", WatchOutcome.FAILED: "watch.ended"}

log = logging.getLogger(__name__)


async def report_finished(
    interaction: Interaction, added: AddedWatches, outcome: Sequence[str], others: Sequence[str]
) -> None:
    """Edits the answer that confirmed the watches; if all are finished, without `outcome`. `others` always stay."""
    watched = [watch.id for watch in (*added.watched, *added.known)][:_MAX_POSTS]
    language = language_of(interaction)
    try:
        finished = await _posted(interaction, watched)
        if finished:
            all_of_them = len(finished) == len(added.watched) + len(added.known) + added.refused
            lines = [*([] if all_of_them else outcome), *(_sentence(each, language) for each in finished), *others]
            view = None if all_of_them else discord.utils.MISSING
            await interaction.edit_original_response(content="\n".join(lines), view=view)
    except (StorageError, discord.HTTPException) as error:
        log.info("an answer was not updated for a finished task: %s", error)


async def _posted(interaction: Interaction, watch_ids: Sequence[int]) -> list[WatchResult]:
    """The finished ones, once all of them are posted."""
    for pause in _DELAYS if watch_ids else ():
        await asyncio.sleep(pause)
        found = await interaction.client.services.watches.results(watch_ids)
        if all(each.message_id or (each.polled and each.outcome not in _FINISHED) for each in found):
            return [each for each in found if each.message_id and each.outcome in _FINISHED]
    return []


def _sentence(result: WatchResult, language: Language) -> str:
    guild = result.guild_id or "@me"
    link = f"https://discord.com/channels/{guild}/{result.channel_id}/{result.message_id}"
    title = one_line(result.title, _TITLE) or one_line(result.task_id, _TITLE)
    return language(_FINISHED[result.outcome], title=title, link=link)
