"""Watches, answers and claims for the tests of the stores."""

from typing import Any

from bot.domain.delivery import Delivery
from bot.domain.polling import PollResult
from bot.domain.snapshot import PollSchedule
from bot.domain.task import Clip, Status, Task, TaskKind
from bot.domain.watch import Watch
from bot.domain.watch_results import AddedWatches
from bot.storage.outbox import Outbox
from bot.storage.polls import PollStore
from bot.storage.watches import WatchStore

SCHEDULE = PollSchedule(5.0)
NOW = 1_000_000.0
ADA, BEN, CARL = 1, 2, 3
SONGS, LOUNGE = 10, 11
GATEWAYS = {"t1": "default", "t2": "default", "words": "default"}


def make_watch(task_id: str = "t1", **fields: Any) -> Watch:
    values: dict[str, Any] = {"user_id": ADA, "channel_id": SONGS, "guild_id": 5, "created_at": NOW}
    return Watch(task_id=task_id, **(values | fields))


async def add(watches: WatchStore, *new_watches: Watch, most: int = 500) -> AddedWatches:
    return await watches.add(new_watches, most=most, gateways=GATEWAYS)


def task(task_id: str, status: Status = Status.RUNNING, *clip_ids: str, **fields: Any) -> Task:
    done = status is Status.DONE
    clips = tuple(Clip(id=each, status=status, audio_url="https://a" if done else "") for each in clip_ids)
    return Task(**({"id": task_id, "kind": TaskKind.MUSIC, "status": status, "clips": clips} | fields))


def answers(*tasks: Task) -> dict[str, PollResult]:
    return {each.id: PollResult("default", each) for each in tasks}


async def claim(polls: PollStore, now: float = NOW, gateway: str = "default", limit: int = 100) -> set[str]:
    return {each.task_id for each in await polls.claim(gateway, now, lease=60, limit=limit)}


async def claim_deliveries(outbox: Outbox, now: float, limit: int = 100) -> list[Delivery]:
    return [claimed.delivery for claimed in await outbox.claim(now, lease=60, limit=limit)]
