"""Where to poll tasks: at the gateway that has them, or at every gateway while that is not known."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Protocol

from msgspec import Struct

from bot.domain.polling import Claim, PollResult
from bot.domain.task import Answer
from bot.errors import GatewayError
from bot.gateways.gateway import Gateway
from bot.services.clock import Clock
from bot.services.polling.backoff import Backoff
from bot.services.polling.repeats import digests
from bot.services.task_ids import in_either_form


class PollOutcome(Struct, frozen=True):
    """The answers, by task id.

    `repeated`: claims whose answer was byte for byte the known one; `failures`: of each gateway that was asked, by
    name; None: it answered.
    """

    results: Mapping[str, PollResult]
    repeated: Sequence[Claim]
    failures: Mapping[str, GatewayError | None]

    @property
    def failure(self) -> GatewayError | None:
        """Why nothing could be polled, if no gateway answered."""
        failures = list(self.failures.values())
        return None if None in failures else failures[0]


class PollSource(Protocol):
    """Somewhere to poll. `name`: stored with each task that is polled there; `backoffs`: of its gateways, by name.

    `size`: tasks in a batch; `at_once`: concurrent batches. They change as the gateway's abilities are learned.
    """

    name: str

    @property
    def backoffs(self) -> Mapping[str, Backoff]: ...
    @property
    def size(self) -> int: ...
    @property
    def at_once(self) -> int: ...

    async def ask(self, claims: Sequence[Claim]) -> PollOutcome:
        """One claim per task."""
        ...


class OneGateway:
    """`elsewhere`: the source for tasks that this gateway does not have; None: there is no other."""

    def __init__(self, gateway: Gateway, clock: Clock, *, poll_interval: float, elsewhere: str | None = None) -> None:
        self._gateway = gateway
        self._elsewhere = gateway.name if elsewhere is None else elsewhere
        self.name = gateway.name
        self.backoffs = {gateway.name: _backoff_of(gateway, clock, poll_interval)}

    @property
    def size(self) -> int:
        return self._gateway.batch_size

    @property
    def at_once(self) -> int:
        return self._gateway.batches_at_once

    async def ask(self, claims: Sequence[Claim]) -> PollOutcome:
        try:
            fetch = partial(self._gateway.fetch_many, known=digests(claims))
            answer = await in_either_form(fetch, [claim.task_id for claim in claims])
        except GatewayError as failure:
            return PollOutcome({}, (), {self.name: failure})
        repeated = [claim for claim in claims if claim.task_id in answer.same]
        missing = {task_id: PollResult(self._elsewhere, None) for task_id in answer.missing}
        return PollOutcome(_found(self.name, answer) | missing, repeated, {self.name: None})


class EveryGateway:
    """For tasks whose gateway is not known.

    A task is unknown only if no gateway knows it; if two know it, the first of them counts, or the one that is asked
    sooner. During the back-off of one gateway, the others are asked without it. A gateway without batches is asked for
    what the others do not know, a few tasks at a time: many tasks there do not delay tasks elsewhere.
    """

    name = ""
    at_once = 1

    def __init__(self, gateways: Sequence[Gateway], clock: Clock, *, poll_interval: float) -> None:
        self._gateways = gateways
        self.backoffs = {gateway.name: _backoff_of(gateway, clock, poll_interval) for gateway in gateways}
        self._tried: dict[str, set[str]] = {
            gateway.name: set() for gateway in gateways
        }  # ids asked for since it last answered

    @property
    def size(self) -> int:
        return max(gateway.batch_size for gateway in self._gateways)

    async def ask(self, claims: Sequence[Claim]) -> PollOutcome:
        task_ids = [claim.task_id for claim in claims]
        awake = self._awake(task_ids)
        most = max(gateway.batch_size for gateway in awake)
        outcomes = await self._answers([each for each in awake if each.batch_size == most], task_ids)
        found = {each for answer in outcomes.values() if isinstance(answer, Answer) for each in answer.tasks}
        left = [each for each in task_ids if each not in found]
        if left:
            outcomes |= await self._answers([each for each in awake if each.batch_size < most], left)
        answers = {name: result for name, result in outcomes.items() if isinstance(result, Answer)}
        results = {task_id: PollResult("", None) for task_id in self._unknown(answers)}
        for gateway in reversed(self._gateways):
            if answer := answers.get(gateway.name):
                results |= _found(gateway.name, answer)
        failures = {name: None if isinstance(result, Answer) else result for name, result in outcomes.items()}
        return PollOutcome(results, (), failures)

    def _awake(self, task_ids: Sequence[str]) -> Sequence[Gateway]:
        """The gateways to ask: their back-off is over, or may end early for tasks that they were not asked for yet."""
        over = [gateway for gateway in self._gateways if self.backoffs[gateway.name].is_over]
        may_end = [each for each in self._gateways if each not in over and self.backoffs[each.name].may_end]
        awake = over + [each for each in may_end if not self._tried[each.name].issuperset(task_ids)]
        return awake or may_end or self._gateways

    async def _answers(self, gateways: Sequence[Gateway], task_ids: Sequence[str]) -> dict[str, Answer | GatewayError]:
        """Each is asked for one batch of its size."""
        asked = (self._answer(gateway, task_ids[: gateway.batch_size]) for gateway in gateways)
        results = await asyncio.gather(*asked)
        return {gateway.name: result for gateway, result in zip(gateways, results, strict=True)}

    async def _answer(self, gateway: Gateway, task_ids: Sequence[str]) -> Answer | GatewayError:
        try:
            answer = await in_either_form(gateway.fetch_many, task_ids)
        except GatewayError as failure:
            self._tried[gateway.name].update(task_ids)
            return failure
        self._tried[gateway.name].clear()
        return answer

    def _unknown(self, answers: Mapping[str, Answer]) -> frozenset[str]:
        """The tasks that every gateway answered that it does not know."""
        if len(answers) < len(self._gateways):
            return frozenset()
        return frozenset.intersection(*(frozenset(answer.missing) for answer in answers.values()))


def poll_sources(gateways: Sequence[Gateway], clock: Clock, *, poll_interval: float) -> list[PollSource]:
    """One source per gateway, and one for tasks that may be at any of them."""
    several = len(gateways) > 1
    elsewhere = EveryGateway.name if several else None
    every: list[PollSource] = [
        OneGateway(each, clock, poll_interval=poll_interval, elsewhere=elsewhere) for each in gateways
    ]
    return every + ([EveryGateway(gateways, clock, poll_interval=poll_interval)] if several else [])


def _backoff_of(gateway: Gateway, clock: Clock, poll_interval: float) -> Backoff:
    """Answers to people's lookups also end it."""
    backoff = Backoff(gateway.name, clock, poll_interval)
    gateway.results.listeners.append(backoff.seems_back)
    return backoff


def _found(gateway: str, answer: Answer) -> dict[str, PollResult]:
    digests = answer.digests
    return {task_id: PollResult(gateway, task, digests.get(task_id, b"")) for task_id, task in answer.tasks.items()}
