"""Whether a task may be the result of an order, as a person says it is. Pure."""

from bot.domain.order import Order
from bot.domain.song_request import RequestKind
from bot.domain.task import Task

_BEFORE, _AFTER = 120.0, 3_600.0  # seconds before and after the order was sent, within which its task is dated


def may_be_result(order: Order, task: Task) -> bool:
    """False if they differ in something that both of them state. What only one of them states proves nothing."""
    if (order.request.kind is RequestKind.LYRICS) != task.written and (task.clips or task.lyrics):
        return False
    return _is_of_that_time(order, task) and _has_those_words(order, task)


def _is_of_that_time(order: Order, task: Task) -> bool:
    if order.sent_at is None or task.submitted_at is None:
        return True
    return -_BEFORE <= task.submitted_at - order.sent_at <= _AFTER


def _has_those_words(order: Order, task: Task) -> bool:
    wanted = order.request
    for mine, theirs in (
        (wanted.lyrics, [clip.lyrics for clip in task.clips]),
        (wanted.title, [clip.title for clip in task.clips]),
    ):
        given = {_plain(text) for text in theirs if text.strip()}
        if mine.strip() and given and _plain(mine) not in given:
            return False
    return True


def _plain(text: str) -> str:
    """Gateways change whitespace and case."""
    return "".join(text.split()).casefold()
