"""Results of requests about watches: adding, leaving, listing, and outcomes."""

from collections.abc import Collection

from msgspec import Struct

from bot.domain.delivery import State
from bot.domain.snapshot import TaskSnapshot
from bot.domain.watch import Watch, WatchOutcome


class WatchQuery(Struct, frozen=True, kw_only=True):
    """Selects watches for which every given value matches."""

    watch_id: int | None = None
    user_id: int | None = None  # the person who started or joined it
    guild_id: int | None = None
    channel_id: int | None = None
    task_ids: Collection[str] | None = None


class AddedWatches(Struct, frozen=True):
    """The result of adding watches: `watched` are new, `known` were already watched in their channel, `refused` exceed
    the limit.
    """

    watched: tuple[Watch, ...]
    known: tuple[Watch, ...]
    refused: int
    watching: int  # how many watches the person now has, of those that the limit counts
    most: int  # the limit of the person: everywhere, or in this server if that is less


class LeftWatches(Struct, frozen=True):
    """The result of leaving watches: stopped if nobody else had joined them, else they go on."""

    stopped: tuple[Watch, ...]
    going_on: tuple[Watch, ...]


class ListedWatch(Struct, frozen=True):
    """A watch as its list shows it. `reason`: why its songs could not be posted, if so."""

    watch: Watch
    snapshot: TaskSnapshot
    state: State | None  # of its oldest unsent message
    reason: str


class OfferedTask(Struct, frozen=True):
    """A watched task as a choice. `title`: empty until the gateway has given one."""

    task_id: str
    title: str


class WatchResult(Struct, frozen=True, kw_only=True):
    """`polled`: whether its task was polled since. `message_id`: of the final post, if there is one."""

    watch_id: int
    task_id: str
    title: str
    outcome: WatchOutcome
    polled: bool
    guild_id: int | None
    channel_id: int
    message_id: int | None
