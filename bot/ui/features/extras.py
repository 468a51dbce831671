"""Timed lyrics, a WAV or a video of a song, for who asks: from the menu under its details, or by a command."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

from bot.client import Interaction
from bot.domain.task import Clip
from bot.domain.timed_lyrics import lrc
from bot.errors import ExtraNotOffered, NotYours, TellableError
from bot.gateways.extras_reading import Extra
from bot.services.lookup import Found
from bot.ui.features.status import look_up_typed
from bot.ui.interactions.access import language_of
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.errors import sentence
from bot.ui.interactions.replies import InteractionReply
from bot.ui.render import actions
from bot.ui.render.cards import Card, Upload
from bot.ui.render.extras import file_card, lrc_upload, texts_card
from bot.ui.render.payloads import ClipPayload

_MAX_SONGS = 4  # songs of a task, each of which costs a request


@on_press(actions.EXTRA)
async def send_chosen(interaction: Interaction, payload: ClipPayload) -> None:
    """What was chosen in the menu."""
    if payload.what not in set(Extra):
        raise NotYours
    await interaction.response.defer(ephemeral=True, thinking=True)
    await show_extra(interaction, payload.task_id, payload.number, Extra(payload.what))


async def show_extra(interaction: Interaction, typed: str, number: int | None, extra: Extra) -> None:
    """Of one song of a task, counted from 1, or of all."""
    found = await look_up_typed(interaction, typed)
    if number is not None:
        found.task.only(number)  # raises UnknownClip
    clips = [
        (place, clip)
        for place, clip in enumerate(found.task.clips, 1)
        if clip.playable and (number is None or place == number)
    ][:_MAX_SONGS]
    if not clips:
        raise ExtraNotOffered(extra)
    if extra is Extra.TIMING:
        await _send_lrc(interaction, found, clips)
    else:
        await _send_files(interaction, found, clips, extra)


async def _send_lrc(interaction: Interaction, found: Found, clips: Sequence[tuple[int, Clip]]) -> None:
    language, extras = language_of(interaction), interaction.client.services.extras
    uploads: list[Upload] = []
    notes: list[str] = []
    for number, clip in clips:
        try:
            timing = await extras.timing(found.gateway, clip)
            text = lrc(clip.title or found.task.title, clip.duration, timing.lines)
            if not text:
                raise ExtraNotOffered(Extra.TIMING)
            uploads.append(lrc_upload(clip, number, text))
        except TellableError as error:
            notes.append(sentence(error, language) or "")
    await InteractionReply(interaction).send([texts_card(uploads, notes)])


async def _send_files(interaction: Interaction, found: Found, clips: Sequence[tuple[int, Clip]], extra: Extra) -> None:
    """Each in a message of its own: two of them are more than Discord takes in one."""
    reply, extras = InteractionReply(interaction), interaction.client.services.extras
    cards: list[Card] = []
    async with AsyncExitStack() as files:
        for number, clip in clips:
            try:
                opening = extras.file(found.gateway, clip, extra, limit=reply.limit, person=reply.person)
                file = await files.enter_async_context(opening)
                cards.append(file_card(found.task, number, extra, file, reply.language, reply.limit))
            except TellableError as error:
                cards.append(Card(content=sentence(error, reply.language) or "", embeds=[]))
        await reply.send(_without_repeats(cards))


def _without_repeats(cards: Sequence[Card]) -> list[Card]:
    """What is said of one song need not be said of the next in the same words."""
    plain = {card.content: card for card in cards if not card.uploads and not card.buttons}
    return [*(card for card in cards if card.uploads or card.buttons), *plain.values()]
