"""Messages to be sent to Discord, and their states.

One file, because all statements share one definition of what may be sent now: its turn, its slot, its server's pause.
"""

from collections.abc import Collection, Sequence
from itertools import islice
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.domain.delivery import CARD_INTERVAL, NOTICES, RECHECK, Delivery, Reason, State, Topic
from bot.domain.library import NewSong
from bot.domain.outbox import ClaimedDelivery
from bot.storage.backup import COPIED
from bot.storage.engines.bulk import insert_each
from bot.storage.engines.expressions import earlier, later, one_of
from bot.storage.following import forget_tasks
from bot.storage.key_values import value_of
from bot.storage.library import keep_in_library
from bot.storage.rows import (
    delivery_of,
    delivery_values,
    prefixed,
    snapshot_columns,
    snapshot_of,
    to_json,
    unprefixed,
    watch_of,
)
from bot.storage.schema import (
    chart_posts,
    deliveries,
    followers,
    guilds,
    is_over,
    is_unsent,
    orders,
    people,
    tasks,
    unsent,
    watches,
)
from bot.storage.transaction import Transactions

_CANDIDATES = 8  # candidates per message that may be claimed


class DeliverySlots(Protocol):
    """Whose songs may be fetched now.

    `strained_people` may have more only from good hosts; `only_good`: so may everybody.
    """

    @property
    def full_hosts(self) -> Collection[str]: ...
    @property
    def good_hosts(self) -> Collection[str]: ...
    @property
    def full_people(self) -> Collection[int]: ...
    @property
    def strained_people(self) -> Collection[int]: ...
    @property
    def only_good(self) -> bool: ...
    def take(self, host: str, user_id: int) -> bool:
        """Takes a slot, if one is free."""
        ...


_copied_at = value_of(COPIED).scalar_subquery()
_lyrics = tasks.alias("lyrics")
_joined = (
    deliveries.join(watches, watches.c.id == deliveries.c.watch_id)
    .join(tasks, tasks.c.task_id == watches.c.task_id)
    .outerjoin(_lyrics, _lyrics.c.task_id == watches.c.lyrics_id)
    .outerjoin(guilds, guilds.c.guild_id == watches.c.guild_id)
    .outerjoin(people, people.c.user_id == watches.c.user_id)
)
_unnamed = people.alias("unnamed")
# Known to who ordered it, and in the server in which it was ordered.
_maker_id = (
    select(orders.c.user_id)
    .where(
        orders.c.task_id == watches.c.task_id,
        or_(orders.c.user_id == watches.c.user_id, orders.c.guild_id == watches.c.guild_id),
        ~exists().where(_unnamed.c.user_id == orders.c.user_id, _unnamed.c.named.is_(False)),
    )
    .limit(1)
    .correlate(watches)
    .scalar_subquery()
)
# Of an order that is settled by hand, the watch may be newer than a post of its song that the database does not know.
_ordered_at = (
    select(func.min(orders.c.created_at))
    .where(orders.c.task_id == watches.c.task_id, orders.c.channel_id == watches.c.channel_id)
    .correlate(watches)
    .scalar_subquery()
)
# Messages in a person's DM are no longer part of the server, and must not delay others there.
_of_paused = exists().where(
    watches.c.id == deliveries.c.watch_id,
    guilds.c.guild_id == watches.c.guild_id,
    guilds.c.paused.is_(True),
    deliveries.c.channel_id.in_([watches.c.channel_id, guilds.c.error_channel_id]),
)
_first = deliveries.alias("first")
_is_ahead = exists().where(
    _first.c.channel_id == deliveries.c.channel_id,
    _first.c.user_id == deliveries.c.user_id,
    unsent(_first),
    _first.c.parked.is_(False),
    or_(
        _first.c.created_at < deliveries.c.created_at,
        and_(_first.c.created_at == deliveries.c.created_at, _first.c.seq < deliveries.c.seq),
    ),
)
_sibling = deliveries.alias("sibling")
_is_sendable = is_unsent & ~_is_ahead & ~_of_paused  # if it is due


class Outbox(Transactions):
    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self._unblocked: dict[int, float] = {}  # server id to the time of its last change of permissions

    async def resume(self, now: float) -> None:
        """At a start: ends the leases of the previous process, and makes everything due.

        Corrects times in the future from a wrong clock.
        """
        dated = (deliveries.c.created_at, deliveries.c.tried_at, deliveries.c.audio_missing_since)
        past = {column.name: earlier(column, now) for column in dated}
        async with self._transaction() as connection:
            changes = past | {"lease_until": 0.0, "due_at": now}
            await connection.execute(update(deliveries).where(is_unsent).values(changes))

    async def claim(
        self, now: float, *, lease: float, limit: int, parked: int | None = None, slots: DeliverySlots | None = None
    ) -> list[ClaimedDelivery]:
        """Leases messages to send now: each person's first one per channel, then parked ones.

        `parked`: at most so many parked ones. `slots`: only those that get a slot.
        """
        async with self._transaction(lazy=True) as connection:
            claimed = await _with_slots(connection, _due(now, parked=False), limit, slots)
            room = min(limit - len(claimed), limit if parked is None else parked)
            claimed += await _with_slots(connection, _due(now, parked=True), room, slots)
            leased = update(deliveries).where(deliveries.c.seq.in_(claimed)).values(lease_until=now + lease)
            await connection.execute(leased)
            columns = [*prefixed(deliveries, "d_"), *prefixed(watches, "w_")]
            columns += [*snapshot_columns(tasks, "t_"), *snapshot_columns(_lyrics, "l_")]
            columns += [guilds.c.audio.label("g_audio"), guilds.c.error_channel_id.label("g_error_channel_id")]
            columns += [people.c.named.label("p_named"), _maker_id.label("o_user_id")]
            columns += [_copied_at.label("copied_at"), _ordered_at.label("o_created_at")]
            wanted = select(*columns).select_from(_joined).where(deliveries.c.seq.in_(claimed))
            rows = (await connection.execute(wanted.order_by(deliveries.c.created_at, deliveries.c.seq))).mappings()
            return [_claimed_of(dict(row), now) for row in rows]

    async def end_leases(self, now: float, *, held: Collection[str]) -> None:
        """After the database failed: of all messages but those held, since a claim or what came of it may be lost."""
        leased = is_unsent & (deliveries.c.due_at <= now) & (deliveries.c.lease_until > now)
        async with self._transaction(lazy=True) as connection:
            await connection.execute(
                update(deliveries).where(leased, ~one_of(deliveries.c.id, held)).values(lease_until=0.0)
            )

    async def next_due(self, *, parked: bool = True, slots: DeliverySlots | None = None) -> float | None:
        """When the next message may be sent; for leased ones, when the lease ends.

        `parked`: includes parked ones. `slots`: only those that could get a slot.
        """
        statement = select(func.min(later(deliveries.c.due_at, deliveries.c.lease_until))).where(_is_sendable)
        if slots:
            statement = statement.where(_may_get_slot(slots))
        if not parked:
            statement = statement.where(deliveries.c.parked.is_(False))
        async with self._transaction(read_only=True) as connection:
            due_at: float | None = await connection.scalar(statement)
        return due_at

    async def trying(self, delivery: Delivery, now: float, rest: Delivery | None = None) -> None:
        """It is about to be posted, with these songs; `rest`: a new delivery of the others."""
        changes = {
            "clips": to_json(delivery.clips),
            "tried_at": now,
            "audio_missing_since": delivery.audio_missing_since,
        }
        async with self._transaction() as connection:
            await self._change(connection, delivery.id, **changes)
            await add_deliveries(connection, [rest] if rest else [])

    async def sent(self, delivery: Delivery, message_id: int, now: float, songs: Sequence[NewSong] = ()) -> None:
        """`songs`: those in the message, for the library."""
        async with self._transaction() as connection:
            await keep_in_library(connection, songs)
            changes = {"state": State.SENT, "reason": "", "message_id": message_id, "sent_at": now}
            await connection.execute(update(deliveries).where(deliveries.c.id == delivery.id).values(changes))
            if delivery.topic is Topic.LIVE:
                card = {"card_id": message_id, "card_due_at": now + CARD_INTERVAL}
                await connection.execute(update(watches).where(watches.c.id == delivery.watch_id).values(card))
            if delivery.topic not in NOTICES:
                await self._drop_outdated(connection, delivery)

    async def _drop_outdated(self, connection: AsyncConnection, sent: Delivery) -> None:
        """Drops notices about what delayed the sent message; managers are still notified of failures."""
        failed = exists().where(_sibling.c.watch_id == sent.watch_id, _sibling.c.state == State.FAILED)
        topics = [Topic.BLOCKED, Topic.NO_AUDIO] if sent.topic is Topic.SONGS else [Topic.BLOCKED]
        which = (deliveries.c.watch_id == sent.watch_id) & is_unsent & deliveries.c.topic.in_(topics) & ~failed
        await connection.execute(update(deliveries).where(which).values(state=State.SENT, reason=Reason.OUTDATED))

    async def put_off(
        self,
        delivery_id: str,
        due_at: float,
        reason: str = "",
        *,
        state: State = State.WAITING,
        attempts: int | None = None,
        parked: bool = False,
    ) -> None:
        """Until `due_at`. `attempts`: failures so far, if this was one; `parked`: others need not wait for it."""
        changes = {"state": state, "reason": reason, "due_at": due_at, "parked": parked}
        changes |= {} if attempts is None else {"attempts": attempts}
        await self._wait(delivery_id, changes)

    async def wait_for_audio(self, delivery_id: str, due_at: float, reason: str, *, since: float, host: str) -> None:
        """Parked until `due_at`. `since`: when its audio was first missing; `host`: from which it will be fetched."""
        changes = {"state": State.WAITING, "reason": reason, "due_at": due_at, "parked": True}
        changes |= {"audio_missing_since": since, "host": host}
        await self._wait(delivery_id, changes)

    async def _wait(self, delivery_id: str, changes: dict[str, Any]) -> None:
        async with self._transaction() as connection:
            await self._change(connection, delivery_id, lease_until=0.0, **changes)

    async def block(self, claimed: ClaimedDelivery, now: float, reason: str) -> bool:
        """A permission is missing. Returns whether to wait for it: not if permissions changed after the claim, because
        that may have been the missing one.
        """
        async with self._transaction() as connection:  # its lock keeps `unblock` from running in between
            waits = self._unblocked.get(claimed.watch.guild_id or 0, 0.0) < claimed.claimed_at
            changes = {"state": State.BLOCKED, "reason": reason, "lease_until": 0.0}
            await self._change(connection, claimed.delivery.id, due_at=now + RECHECK if waits else now, **changes)
        return waits

    async def give_up(self, delivery_id: str, state: State, reason: str) -> None:
        async with self._transaction() as connection:
            await self._change(connection, delivery_id, state=state, reason=reason, lease_until=0.0)

    async def move(self, delivery: Delivery, channel_id: int, now: float) -> None:
        """Moves it to another channel, where it was not posted yet."""
        async with self._transaction() as connection:
            changes = {"channel_id": channel_id, "tried_at": None, "due_at": now, "lease_until": 0.0}
            await self._change(connection, delivery.id, state=State.WAITING, reason="", **changes)

    async def followers(self, watch_id: int) -> list[tuple[int, str]]:
        """The people who joined a watch, first come first, and their locales."""
        this = select(followers.c.user_id, followers.c.locale).where(followers.c.watch_id == watch_id)
        async with self._transaction(read_only=True) as connection:
            return [(row.user_id, row.locale) for row in await connection.execute(this.order_by(followers.c.since))]

    async def add(self, *new: Delivery) -> None:
        async with self._transaction() as connection:
            await add_deliveries(connection, new)

    async def unblock(self, guild_id: int, now: float) -> int:
        """Permissions in a server have changed: makes its blocked messages, its blocked chart and its cards due.

        Returns the number of blocked messages.
        """
        self._unblocked[guild_id] = now
        of_guild = select(watches.c.id).where(watches.c.guild_id == guild_id)
        blocked = is_unsent & (deliveries.c.state == State.BLOCKED) & deliveries.c.watch_id.in_(of_guild)
        chart = (chart_posts.c.guild_id == guild_id) & (chart_posts.c.state == State.BLOCKED)
        async with self._transaction() as connection:
            result = await connection.execute(update(deliveries).where(blocked).values(due_at=now))
            posts = await connection.execute(update(chart_posts).where(chart).values(due_at=now))
            cards = (watches.c.guild_id == guild_id) & (watches.c.card_due_at > now)
            await connection.execute(update(watches).where(cards).values(card_due_at=now))
        return result.rowcount + posts.rowcount

    async def forget(self, before: float) -> None:
        """Deletes old ended watches without unsent results, and tasks that no watch is about."""
        has_unsent_result = exists().where(
            deliveries.c.watch_id == watches.c.id, deliveries.c.state != State.SENT, deliveries.c.topic.not_in(NOTICES)
        )
        old = is_over & (watches.c.created_at < before) & ~has_unsent_result
        async with self._transaction() as connection:
            named = await connection.execute(
                delete(watches).where(old).returning(watches.c.task_id, watches.c.lyrics_id)
            )
            await forget_tasks(connection, {each for row in named for each in row})

    async def _change(self, connection: AsyncConnection, delivery_id: str, **values: Any) -> None:
        """A message in a final state does not change, whatever a worker reports."""
        this = (deliveries.c.id == delivery_id) & is_unsent
        await connection.execute(update(deliveries).where(this).values(values))


async def add_deliveries(connection: AsyncConnection, new: Sequence[Delivery]) -> None:
    """Ignores deliveries that exist already."""
    fresh = {"state": State.WAITING, "reason": "", "lease_until": 0.0, "attempts": 0, "parked": False}
    rows = [delivery_values(delivery) | fresh for delivery in new]
    await insert_each(connection, deliveries, rows, lambda each: each.on_conflict_do_nothing(index_elements=["id"]))


async def _with_slots(
    connection: AsyncConnection, due: Select[int, str, int], limit: int, slots: DeliverySlots | None
) -> list[int]:
    """The `seq` of due messages that get a slot. Reads more candidates than it takes: the first may all be one
    person's.
    """
    if slots is None:
        return [seq for seq, _, _ in await connection.execute(due.limit(limit))]
    found = await connection.execute(due.where(_may_get_slot(slots)).limit(limit * _CANDIDATES))
    return list(islice((seq for seq, host, user_id in found if slots.take(host, user_id)), limit))


def _may_get_slot(slots: DeliverySlots) -> ColumnElement[bool]:
    """A message without songs needs no slot."""
    good = one_of(deliveries.c.host, slots.good_hosts)
    may = ~one_of(deliveries.c.host, slots.full_hosts) & _is_not_of(slots.full_people)
    doubtful = good if slots.only_good else good | _is_not_of(slots.strained_people)
    return or_(deliveries.c.host == "", may & doubtful)


def _is_not_of(people: Collection[int]) -> ColumnElement[bool]:
    return ~one_of(deliveries.c.user_id, people) if people else true()


def _due(now: float, *, parked: bool) -> Select[int, str, int]:
    """Due deliveries that are not leased."""
    due = select(deliveries.c.seq, deliveries.c.host, deliveries.c.user_id)
    due = due.where(deliveries.c.parked.is_(parked), deliveries.c.due_at <= now, _is_sendable)
    return due.where(deliveries.c.lease_until <= now).order_by(deliveries.c.due_at, deliveries.c.seq)


def _copied_since(row: dict[str, Any]) -> float | None:
    """When the database was copied with this watch in it, or its order: it does not know what was sent after that."""
    copied_at = float(row["copied_at"] or 0.0)
    asked_at = row["w_created_at"] if row["o_created_at"] is None else min(row["w_created_at"], row["o_created_at"])
    return copied_at if asked_at <= copied_at else None


def _claimed_of(row: dict[str, Any], now: float) -> ClaimedDelivery:
    lyrics, copied_at = unprefixed(row, "l_"), _copied_since(row)
    return ClaimedDelivery(
        delivery=delivery_of(unprefixed(row, "d_")),
        claimed_at=now,
        attempts=row["d_attempts"],
        parked=row["d_parked"],
        tried_at=row["d_tried_at"] or copied_at,
        copied=copied_at is not None and (row["d_tried_at"] or 0.0) <= copied_at,
        watch=watch_of(unprefixed(row, "w_")),
        snapshot=snapshot_of(unprefixed(row, "t_")),
        lyrics=snapshot_of(lyrics) if lyrics["task_id"] else None,
        card_id=row["w_card_id"],
        audio=row["g_audio"] is not False,
        error_channel_id=row["g_error_channel_id"],
        person_named=row["p_named"] is not False,
        maker_id=row["o_user_id"] or 0,
    )
