"""The row of buttons under a task, from which people go on to make another song."""

from collections.abc import Sequence

from msgspec.structs import replace

from bot.domain.lyrics_texts import lyrics_texts
from bot.domain.task import Status, Task
from bot.services.orders.results import Offer
from bot.ui.render import actions
from bot.ui.render.actions import Action
from bot.ui.render.cards import Card
from bot.ui.render.components import SONG_ROW, button
from bot.ui.render.locales import Language
from bot.ui.render.payloads import SongPayload


def with_offer(card: Card, task: Task, offer: Offer, language: Language, number: int = 0) -> Card:
    """`number`: the first song that the message brings, from 1; 0: the task's first that can be heard."""
    chosen = _actions(task, offer) if offer.creates else []
    payload = SongPayload(task.id, number or _first_playable(task))
    buttons = [button(action, payload, language) for action in chosen]
    for each in buttons:
        each.row = SONG_ROW
    given_back = [f"-# {language('order.given_back')}"] if actions.SONG_RETRY in chosen else []
    content = "\n".join(filter(None, [card.content, *given_back]))
    return replace(card, content=content, buttons=[*buttons, *card.buttons])


def _actions(task: Task, offer: Offer) -> Sequence[Action[SongPayload]]:
    if task.playable:
        return [actions.SONG_AGAIN, actions.SONG_EXTEND, *([actions.SONG_COVER] if offer.covers else [])]
    if task.written and lyrics_texts(task):
        return [actions.SONG_OF_LYRICS, *([actions.SONG_EDIT] if offer.ordered else [])]
    return [actions.SONG_RETRY] if task.status is Status.FAILED and offer.ordered else []


def _first_playable(task: Task) -> int:
    return next((number for number, clip in enumerate(task.clips, 1) if clip.playable), 0)
