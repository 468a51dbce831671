"""Chooses which songs of a delivery to send now: those whose files could be opened. Pure."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from bot.domain.delivery import Delivery
from bot.domain.task import Status, Task
from bot.errors import MediaError, MediaForbidden, MediaNoRoom, MediaTooBig
from bot.services.clip_files import ClipFile


class SendNow(Struct, frozen=True):
    """`rest`: keys of the clips that follow in messages of their own."""

    clip_files: Sequence[ClipFile]
    rest: tuple[str, ...]


class WaitForRoom(Struct, frozen=True):
    """Wait for room on this machine. The song is not given up: its host works."""

    reason: str


class WaitForAudio(Struct, frozen=True):
    """No song has a usable file yet."""


def choose(
    clip_files: Sequence[ClipFile], wanted: Sequence[str], *, gave_up: bool, fits: Callable[[Sequence[ClipFile]], int]
) -> SendNow | WaitForRoom | WaitForAudio:
    """`wanted`: keys of the clips still to be sent; `gave_up`: no more waiting for their audio; `fits`: how many, from
    the first, one message can hold.
    """
    without_room = [each for each in clip_files if isinstance(each.audio, MediaNoRoom)]
    ready = [each for each in clip_files if (gave_up and each not in without_room) or not may_come(each)]
    if not ready and without_room:
        return WaitForRoom(str(without_room[0].audio))
    if not ready and not gave_up:
        return WaitForAudio()
    now = ready[: fits(ready)]
    left = [each.key for each in (*ready, *without_room)] if gave_up else wanted
    sent = {each.key for each in now}
    return SendNow(now, tuple(key for key in left if key not in sent))


def to_come(delivery: Delivery, task: Task) -> tuple[str, ...]:
    """The keys of its clips still to be sent; unfinished clips of a failed task never come."""
    wanted = delivery.clips or tuple(key for key, _ in task.keyed())
    if task.status is not Status.FAILED:
        return wanted
    return tuple(key for key, clip in task.keyed() if key in wanted and clip.playable)


def may_come(clip_file: ClipFile) -> bool:
    """Whether its audio, or its link if only that is wanted, may become available."""
    return isinstance(clip_file.audio, MediaError) and not isinstance(clip_file.audio, MediaTooBig | MediaForbidden)
