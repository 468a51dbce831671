"""What becomes of deliveries that Discord did not take: carries out what bot/domain/refusals.py decides."""

import logging
from collections.abc import Set as AbstractSet
from typing import Protocol

from msgspec.structs import replace

from bot.domain.delivery import MANAGERS, NOTICES, Delivery, State, Topic, delivery_id
from bot.domain.refusals import (
    Abandon,
    Attempt,
    Block,
    Course,
    Meaning,
    Part,
    Redirect,
    Replan,
    Retry,
    decide,
    decide_on_fault,
    meaning,
    retry_after,
)
from bot.domain.watch import owe
from bot.errors import PostError
from bot.services.clock import Clock
from bot.storage.outbox import Outbox, Owed

log = logging.getLogger(__name__)


class DirectPoster(Protocol):
    async def direct(self, user_id: int) -> int:
        """The id of the DM channel with a person. Raises PostError."""
        ...


class Courses:
    def __init__(self, outbox: Outbox, poster: DirectPoster, clock: Clock) -> None:
        self._outbox = outbox
        self._poster = poster
        self._clock = clock

    async def after_refusal(
        self, owed: Owed, failure: PostError, omitted: AbstractSet[Part]
    ) -> AbstractSet[Part] | None:
        """What to leave out of the message, which is to be tried again at once; None: it is dealt with."""
        course = decide(failure, _attempt(owed, omitted))
        if isinstance(course, Replan) and course.omitted is not None:
            log.warning("delivery %s is tried without %s: %s", owed.delivery.id, _named(course.omitted), failure)
            return course.omitted
        await self._carry_out(course, owed, str(failure), failure.code)
        return None

    async def after_fault(self, owed: Owed, reason: str) -> None:
        """Of the bot itself."""
        await self._carry_out(decide_on_fault(_attempt(owed, frozenset())), owed, reason, 0)

    async def _carry_out(self, course: Course, owed: Owed, reason: str, code: int) -> None:
        match course:
            case Retry(after, aside):
                await self._put_off(owed, after, reason, aside=aside)
            case Replan():
                await self._put_off(owed, 0.0, reason)
            case Block():
                await self._block(owed, reason)
            case Redirect():
                await self._redirect(owed, reason, code)
            case Abandon(state):
                await self._abandon(owed, state, reason, code)

    async def _put_off(self, owed: Owed, seconds: float, reason: str, *, aside: bool = False) -> None:
        due_at = self._clock.now() + seconds
        attempts = owed.attempts + 1
        await self._outbox.put_off(owed.delivery.id, due_at, reason=reason, attempts=attempts, aside=aside)

    async def _block(self, owed: Owed, reason: str) -> None:
        if await self._outbox.block(owed, self._clock.now(), reason):
            # Once for a watch; of each person only the first in line is ever tried, so that is once for a channel.
            if owed.watch.guild_id is not None:
                await self._tell_people(owed, Topic.BLOCKED, ())
            await self._tell_managers(owed)

    async def _redirect(self, owed: Owed, reason: str, code: int) -> None:
        """The channel is gone: what was to be said there is said to the person, and those who joined hear of that."""
        about = (owed.delivery.id, str(code))
        is_result = owed.delivery.topic not in NOTICES
        if is_result and not await self._tell_followers(owed, Topic.UNDELIVERED, about):
            await self._carry_out(retry_after(owed.attempts), owed, reason, code)
            return
        try:
            channel_id = await self._poster.direct(owed.watch.user_id)
        except PostError as failure:
            attempt = replace(_attempt(owed, frozenset()), movable=False)
            course = decide(failure, attempt) if meaning(failure) is Meaning.LATER else Abandon(State.KEPT)
            await self._carry_out(course, owed, f"{reason}; {failure}", failure.code)
        else:
            await self._outbox.move(owed.delivery, channel_id, self._clock.now())

    async def _abandon(self, owed: Owed, state: State, reason: str, code: int) -> None:
        """A notice that cannot go is dropped: it is no result that somebody could still want to see."""
        if owed.delivery.topic in NOTICES:
            log.warning("a notice is dropped, delivery %s: %s", owed.delivery.id, reason)
            await self._outbox.give_up(owed.delivery.id, State.SENT, f"dropped: {reason}")
            return
        if state is State.FAILED:
            log.error("delivery %s is refused by Discord in every form: %s", owed.delivery.id, reason)
            # Told before it is noted as failed: after a crash between the two it is told again, in the same notice.
            if not await self._tell_people(owed, Topic.UNDELIVERED, (owed.delivery.id, str(code))):
                await self._carry_out(retry_after(owed.attempts), owed, reason, code)
                return
            await self._tell_managers(owed)
        await self._outbox.give_up(owed.delivery.id, state, reason)

    async def _tell_people(self, owed: Owed, topic: Topic, about: tuple[str, ...]) -> bool:
        """Everyone who waits for it, by DM. False: not all of them now, as Discord opens no more DMs for a while."""
        notice = owe(owed.watch, topic, self._clock.now(), about)
        told = await self._tell(owed.watch.user_id, notice)
        return await self._tell_followers(owed, topic, about) and told

    async def _tell_followers(self, owed: Owed, topic: Topic, about: tuple[str, ...]) -> bool:
        """Those who joined the watch, as `_tell_people`: each once, however often it is refused, with whatever code."""
        watch, told = owed.watch, True
        for user_id, locale in await self._outbox.followers(watch.id):
            identity = delivery_id(watch.id, watch.created_at, topic, (*about[:1], str(user_id)))
            notice = replace(owe(watch, topic, self._clock.now(), about), id=identity, locale=locale)
            told = await self._tell(user_id, notice) and told
        return told

    async def _tell(self, user_id: int, notice: Delivery) -> bool:
        """Whatever becomes of it: it is a notice."""
        try:
            channel_id = await self._poster.direct(user_id)
        except PostError as failure:
            log.warning("user %d cannot be told of a post that did not go: %s", user_id, failure)
            return meaning(failure) is not Meaning.LATER
        await self._outbox.add(replace(notice, channel_id=channel_id))
        return True

    async def _tell_managers(self, owed: Owed) -> None:
        """Where the server wants to hear of what cannot be posted; once for a watch."""
        if owed.error_channel_id and owed.error_channel_id != owed.delivery.channel_id:
            notice = owe(owed.watch, Topic.BLOCKED, self._clock.now(), (MANAGERS,))
            await self._outbox.add(replace(notice, channel_id=owed.error_channel_id))


def _attempt(owed: Owed, omitted: AbstractSet[Part]) -> Attempt:
    in_its_place = owed.watch.guild_id is not None and owed.delivery.channel_id == owed.watch.channel_id
    return Attempt(topic=owed.delivery.topic, failures=owed.attempts, omitted=omitted, movable=in_its_place)


def _named(omitted: AbstractSet[Part]) -> str:
    return ", ".join(part for part in Part if part in omitted)
