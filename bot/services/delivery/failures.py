"""Handles deliveries that Discord refused, as bot/domain/discord_errors.py decides."""

import logging
from collections.abc import Set as AbstractSet
from typing import Protocol

from msgspec.structs import replace

from bot.domain.delivery import MANAGERS, NOTICES, Delivery, Reason, State, Topic, delivery_id
from bot.domain.discord_errors import (
    Abandon,
    Attempt,
    Block,
    Course,
    Meaning,
    MessagePart,
    Redirect,
    Replan,
    Retry,
    decide,
    decide_on_fault,
    meaning,
    retry_after,
)
from bot.domain.outbox import ClaimedDelivery
from bot.domain.watch import delivery_for
from bot.errors import PostError
from bot.services.clock import Clock
from bot.storage.outbox import Outbox

log = logging.getLogger(__name__)


class DmOpener(Protocol):
    async def open_dm(self, user_id: int) -> int:
        """The id of the DM channel with a person. Raises PostError."""
        ...


class FailureHandler:
    def __init__(self, outbox: Outbox, poster: DmOpener, clock: Clock) -> None:
        self._outbox = outbox
        self._poster = poster
        self._clock = clock

    async def after_refusal(
        self, claimed: ClaimedDelivery, failure: PostError, omitted: AbstractSet[MessagePart]
    ) -> AbstractSet[MessagePart] | None:
        """The parts to leave out of the message when retrying at once; None: the failure is handled."""
        course = decide(failure, _attempt(claimed, omitted))
        if isinstance(course, Replan) and course.omitted is not None:
            log.warning("delivery %s is tried without %s: %s", claimed.delivery.id, _named(course.omitted), failure)
            return course.omitted
        await self._carry_out(course, claimed, str(failure), failure.code)
        return None

    async def after_fault(self, claimed: ClaimedDelivery, reason: str) -> None:
        """After an error in the bot itself."""
        await self._carry_out(decide_on_fault(_attempt(claimed, frozenset())), claimed, reason, 0)

    async def _carry_out(self, course: Course, claimed: ClaimedDelivery, reason: str, code: int) -> None:
        match course:
            case Retry(after, parked):
                await self._put_off(claimed, after, reason, parked=parked)
            case Replan():
                await self._put_off(claimed, 0.0, reason)
            case Block():
                await self._block(claimed, reason)
            case Redirect():
                await self._redirect(claimed, reason, code)
            case Abandon(state):
                await self._abandon(claimed, state, reason, code)

    async def _put_off(self, claimed: ClaimedDelivery, seconds: float, reason: str, *, parked: bool = False) -> None:
        due_at = self._clock.now() + seconds
        attempts = claimed.attempts + 1
        await self._outbox.put_off(claimed.delivery.id, due_at, reason, attempts=attempts, parked=parked)

    async def _block(self, claimed: ClaimedDelivery, reason: str) -> None:
        if await self._outbox.block(claimed, self._clock.now(), reason):
            # Once per watch; only each person's first message in a channel is tried, so once per channel.
            if claimed.watch.guild_id is not None:
                await self._notify_people(claimed, Topic.BLOCKED, ())
            await self._notify_managers(claimed)

    async def _redirect(self, claimed: ClaimedDelivery, reason: str, code: int) -> None:
        """The channel is gone: the message goes to the person's DM, and those who joined are notified."""
        about = (claimed.delivery.id, str(code))
        is_result = claimed.delivery.topic not in NOTICES
        if is_result and not await self._notify_followers(claimed, Topic.UNDELIVERED, about):
            await self._carry_out(retry_after(claimed.attempts), claimed, reason, code)
            return
        try:
            channel_id = await self._poster.open_dm(claimed.watch.user_id)
        except PostError as failure:
            attempt = replace(_attempt(claimed, frozenset()), movable=False)
            course = decide(failure, attempt) if meaning(failure) is Meaning.LATER else Abandon(State.KEPT)
            await self._carry_out(course, claimed, f"{reason}; {failure}", failure.code)
        else:
            await self._outbox.move(claimed.delivery, channel_id, self._clock.now())

    async def _abandon(self, claimed: ClaimedDelivery, state: State, reason: str, code: int) -> None:
        """Gives up: a notice is dropped, a result stays listed in /suno watches."""
        if claimed.delivery.topic in NOTICES:
            log.warning("a notice is dropped, delivery %s: %s", claimed.delivery.id, reason)
            await self._outbox.give_up(claimed.delivery.id, State.SENT, f"{Reason.DROPPED}: {reason}")
            return
        if state is State.FAILED:
            log.error("delivery %s is refused by Discord in every form: %s", claimed.delivery.id, reason)
            # Notify first, then save the failure: after a crash in between, the same notice is sent again.
            if not await self._notify_people(claimed, Topic.UNDELIVERED, (claimed.delivery.id, str(code))):
                await self._carry_out(retry_after(claimed.attempts), claimed, reason, code)
                return
            await self._notify_managers(claimed)
        await self._outbox.give_up(claimed.delivery.id, state, reason)

    async def _notify_people(self, claimed: ClaimedDelivery, topic: Topic, about: tuple[str, ...]) -> bool:
        """Notifies everyone who waits for the result, by DM. False: some not yet, because Discord opens no more DMs
        for a while.
        """
        notice = delivery_for(claimed.watch, topic, self._clock.now(), about)
        notified = await self._notify(claimed.watch.user_id, notice)
        return await self._notify_followers(claimed, topic, about) and notified

    async def _notify_followers(self, claimed: ClaimedDelivery, topic: Topic, about: tuple[str, ...]) -> bool:
        """As `_notify_people`, those who joined the watch: each once, however often Discord refuses the message."""
        watch, notified = claimed.watch, True
        for user_id, locale in await self._outbox.followers(watch.id):
            identity = delivery_id(watch.id, watch.created_at, topic, (*about[:1], str(user_id)))
            notice = replace(delivery_for(watch, topic, self._clock.now(), about), id=identity, locale=locale)
            notified = await self._notify(user_id, notice) and notified
        return notified

    async def _notify(self, user_id: int, notice: Delivery) -> bool:
        """False: not now. Other failures count as notified."""
        try:
            channel_id = await self._poster.open_dm(user_id)
        except PostError as failure:
            log.warning("user %d cannot be notified of a failed post: %s", user_id, failure)
            return meaning(failure) is not Meaning.LATER
        await self._outbox.add(replace(notice, channel_id=channel_id))
        return True

    async def _notify_managers(self, claimed: ClaimedDelivery) -> None:
        """In the server's channel for messages about failed posts; once per watch."""
        if claimed.error_channel_id and claimed.error_channel_id != claimed.delivery.channel_id:
            notice = delivery_for(claimed.watch, Topic.BLOCKED, self._clock.now(), (MANAGERS,))
            await self._outbox.add(replace(notice, channel_id=claimed.error_channel_id))


def _attempt(claimed: ClaimedDelivery, omitted: AbstractSet[MessagePart]) -> Attempt:
    in_own_channel = claimed.watch.guild_id is not None and claimed.delivery.channel_id == claimed.watch.channel_id
    return Attempt(topic=claimed.delivery.topic, failures=claimed.attempts, omitted=omitted, movable=in_own_channel)


def _named(omitted: AbstractSet[MessagePart]) -> str:
    return ", ".join(part for part in MessagePart if part in omitted)
