"""Records a poll in the database: loads what is known, plans what follows, saves the plan, in one transaction."""

from collections.abc import Mapping, Sequence

from bot.domain.polling import Claim, PollPlan, PollResult, advancing, grouped, observe, plan
from bot.domain.snapshot import PollSchedule, next_poll_at
from bot.storage.polls import PollStore


async def record_poll(
    store: PollStore,
    results: Mapping[str, PollResult],
    now: float,
    schedule: PollSchedule,
    repeated: Sequence[Claim] = (),
) -> PollPlan:
    """Saves everything or nothing. Raises StorageError.

    `results`: by task id. `repeated`: claims whose answer was repeated and needs no action: only their times change.
    """
    async with store.transaction() as poll:
        for claims in grouped(repeated):
            await poll.reschedule(claims, now, next_poll_at(claims[0], now, schedule))
        before = await poll.snapshots(results)
        after = observe(before, results, now)
        watches = await poll.open_watches_on(advancing(before, after, now))
        needed = {each for watch in watches for each in (watch.task_id, watch.lyrics_id) if each}
        others = await poll.snapshots(needed - after.keys())
        planned = plan(before, after, watches, others, now, schedule)
        await poll.save(planned, now)
    return planned
