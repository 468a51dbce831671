"""What people are told of their watches: what became of a wish, what is in a list, what came of it all."""

from collections.abc import Collection

from msgspec import Struct

from bot.domain.delivery import State
from bot.domain.snapshot import TaskSnapshot
from bot.domain.watch import Watch, WatchOutcome


class WatchQuery(Struct, frozen=True, kw_only=True):
    """Which watches are meant: those for which all that is given holds."""

    watch_id: int | None = None
    user_id: int | None = None  # who began it, or joined it
    guild_id: int | None = None
    channel_id: int | None = None
    task_ids: Collection[str] | None = None


class AddedWatches(Struct, frozen=True):
    """What became of wishes: `watched` are new, `known` were watched in their place already, `refused` are too many."""

    watched: tuple[Watch, ...]
    known: tuple[Watch, ...]
    refused: int
    watching: int  # how many the person watches now, where `most` counts
    most: int  # how many they may: everywhere, or in this server if that is less


class LeftWatches(Struct, frozen=True):
    """What became of watches that a person left: nobody else had joined them, or they go on for others."""

    stopped: tuple[Watch, ...]
    going_on: tuple[Watch, ...]


class ListedWatch(Struct, frozen=True):
    """A watch as its list shows it. `reason`: why its songs could not be brought, if they could not."""

    watch: Watch
    snapshot: TaskSnapshot
    state: State | None  # of its oldest message that is not sent
    reason: str


class OfferedTask(Struct, frozen=True):
    """A watched task to choose. `title`: empty until the gateway has told one."""

    task_id: str
    title: str


class WatchResult(Struct, frozen=True, kw_only=True):
    """`looked_at`: whether its task was asked for by now. `message_id`: of what was posted in the end, if it was."""

    watch_id: int
    task_id: str
    title: str
    outcome: WatchOutcome
    looked_at: bool
    guild_id: int | None
    channel_id: int
    message_id: int | None
