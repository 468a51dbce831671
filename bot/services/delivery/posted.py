"""Which songs of a delivery are posted already, as far as a copy of the database can know it: by what Discord has."""

from collections.abc import Sequence

from bot.domain.delivery import Delivery
from bot.domain.task import Task
from bot.services.delivery.port import PostedSongs

PostedPart = tuple[int, tuple[str, ...]]  # a message's id, and the keys of the songs in it


def already_posted(messages: Sequence[PostedSongs], delivery: Delivery, task: Task) -> list[PostedPart]:
    """Each of its songs at most once. Other deliveries may have posted some of them, together with others or alone."""
    parts: list[PostedPart] = []
    missing = dict(task.keyed())
    if delivery.clips:
        missing = {key: clip for key, clip in missing.items() if key in delivery.clips}
    by_number = {number: key for number, (key, _) in enumerate(task.keyed(), 1)}
    for message in messages:
        here = {by_number.get(number, "") for number in message.numbers}
        if message.mark == delivery.id:  # songs that cannot be played have no number in it
            here |= {key for key, clip in missing.items() if not (message.numbers and clip.playable)}
        if found := tuple(key for key in missing if key in here):
            parts.append((message.message_id, found))
            missing = {key: clip for key, clip in missing.items() if key not in here}
    return parts
