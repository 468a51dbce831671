"""Where tasks are asked for: at the gateway that has them, or at every gateway while that is not known."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from bot.domain.task import Answer
from bot.gateways.gateway import Gateway
from bot.storage.looks import Claim, Look


class Seen(Struct, frozen=True):
    """What was said of each that could be asked for. `same`: those of which it was what their claims know."""

    looks: dict[str, Look]
    same: Sequence[Claim] = ()


class Desk(Protocol):
    """Somewhere to ask. `name` is what tasks that are asked for there carry; `at_once`: how many batches."""

    name: str
    at_once: int

    async def ask(self, claims: Sequence[Claim]) -> Seen:
        """Raises GatewayError when nothing could be asked for."""
        ...


class OneGateway:
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.name = gateway.name
        self.at_once = gateway.at_once

    async def ask(self, claims: Sequence[Claim]) -> Seen:
        known = {claim.digest: claim.task_id for claim in claims if claim.digest}
        answer = await self._gateway.fetch_many([claim.task_id for claim in claims], known)
        return Seen(_looks(self.name, answer), [claim for claim in claims if claim.task_id in answer.same])


class EveryGateway:
    """For tasks of which it is not known where they are: unknown is only what no gateway knows."""

    name = ""
    at_once = 1

    def __init__(self, gateways: Sequence[Gateway]) -> None:
        self._gateways = gateways

    async def ask(self, claims: Sequence[Claim]) -> Seen:
        task_ids = [claim.task_id for claim in claims]
        asked = (gateway.fetch_many(task_ids) for gateway in self._gateways)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        looks = {task_id: Look("", None) for task_id in task_ids}
        for gateway, answer in zip(self._gateways, answers, strict=True):
            if isinstance(answer, Answer):
                looks |= {task_id: look for task_id, look in _looks(gateway.name, answer).items() if look.task}
        failures = [answer for answer in answers if isinstance(answer, BaseException)]
        if not failures:
            return Seen(looks)
        if found := {task_id: look for task_id, look in looks.items() if look.task}:
            return Seen(found)
        raise failures[0]


def desks(gateways: Sequence[Gateway]) -> list[Desk]:
    """One for each, and one for what may be at any of them."""
    every: list[Desk] = [OneGateway(gateway) for gateway in gateways]
    return every + ([EveryGateway(gateways)] if len(gateways) > 1 else [])


def _looks(gateway: str, answer: Answer) -> dict[str, Look]:
    digests = answer.digests
    found = {task_id: Look(gateway, task, digests.get(task_id, b"")) for task_id, task in answer.tasks.items()}
    return found | {task_id: Look(gateway, None) for task_id in answer.missing}
