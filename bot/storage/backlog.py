"""How many messages wait, and for how long."""

from collections.abc import Mapping

from msgspec import Struct
from sqlalchemy import func, select

from bot.domain.delivery import State
from bot.storage.engines.expressions import upsert
from bot.storage.schema import deliveries, is_not_sent, is_open, key_values, watches
from bot.storage.transaction import Transactions

_SEEN = "seen"  # the key of the time of the last health check


class Backlog(Struct, frozen=True, kw_only=True):
    """`unsent`: messages by state, without those that were sent."""

    open_watches: int
    unsent: Mapping[State, int]
    oldest_waiting_since: float | None  # of the messages in state "waiting"


class BacklogStore(Transactions):
    async def backlog(self) -> Backlog:
        states = select(deliveries.c.state, func.count()).where(is_not_sent)
        waiting = select(func.min(deliveries.c.created_at)).where(is_not_sent, deliveries.c.state == State.WAITING)
        async with self._transaction(read_only=True) as connection:
            found: dict[str, int] = dict((await connection.execute(states.group_by(deliveries.c.state))).all())
            return Backlog(
                open_watches=await connection.scalar(select(func.count()).select_from(watches).where(is_open)) or 0,
                unsent={state: found.get(state, 0) for state in State if state is not State.SENT},
                oldest_waiting_since=await connection.scalar(waiting),
            )

    async def try_writing(self, now: float) -> None:
        """Raises StorageError if nothing can be saved."""
        async with self._transaction() as connection:
            await connection.execute(upsert(key_values, {"key": _SEEN, "value": str(now)}))
