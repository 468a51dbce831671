"""Whether Discord can be reached: while it cannot, logs that repeatedly, with the reason."""

import logging
from collections.abc import Callable, Sequence

from bot.domain.shards import ShardCondition
from bot.outage import NO_ANSWER, why
from bot.services.clock import Clock

_OFTEN, _FIRST, _SELDOM = 5.0, 60.0, 30.0  # seconds: first interval, its duration, later interval

log = logging.getLogger(__name__)


class Reachability:
    """`shards` can be set once there is a client to ask; it gives none before their number is known."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._reason = NO_ANSWER
        self.shards: Callable[[], Sequence[ShardCondition]] = tuple

    def failed(self, error: BaseException) -> None:
        self._reason = why(error)

    async def report(self) -> None:
        """Until cancelled."""
        lost, reported = self._clock.now(), False
        while True:
            gone = self._clock.now() - lost
            await self._clock.sleep(_OFTEN if gone < _FIRST else _SELDOM)
            if what := self._unreached():
                gone, reported = self._clock.now() - lost, True
                log.warning("%s for %.0f s: %s. Trying again", what, gone, self._reason)
                continue
            if reported:
                log.info("Discord can be reached again")
            lost, reported, self._reason = self._clock.now(), False, NO_ANSWER

    def _unreached(self) -> str:
        """What is out of reach, in words; empty: nothing. Shards that wait for their turn to connect do not count."""
        shards = self.shards()
        lost = [each for each in shards if not each.connected and not each.queued]
        self._reason = next((each.reason for each in lost if each.reason), self._reason)
        if not shards or len(lost) == len(shards):
            return "Discord cannot be reached"
        named = ", ".join(str(each.id) for each in lost)
        return f"Discord cannot be reached by shard {named} of {len(shards)}" if lost else ""


class WithoutAttempts(logging.Filter):
    """Drops the line that discord.py logs for each login attempt: only the result matters."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("logging in using static token")
