"""Compares the machine's clock with those of servers."""

import time
from collections.abc import Sequence
from email.utils import parsedate_to_datetime

import aiohttp

from bot.commands.doctor.findings import Finding, ok, problem, skipped

_TOLERANCE = 60.0  # seconds
_TIMEOUT = aiohttp.ClientTimeout(total=5)


async def check_clock(addresses: Sequence[str]) -> Finding:
    """Compares with the first server that sends its time."""
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
        for address in addresses:
            if (moment := await _time_at(session, address)) is not None:
                return _compared(time.time() - moment)
    return skipped("clock", "no server sent its time")


async def _time_at(session: aiohttp.ClientSession, address: str) -> float | None:
    try:
        async with session.get(address, allow_redirects=False) as answer:
            return parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (aiohttp.ClientError, OSError, TimeoutError, KeyError, ValueError):
        return None


def _compared(ahead: float) -> Finding:
    if abs(ahead) <= _TOLERANCE:
        return ok("clock", "right to the minute")
    which = "fast" if ahead > 0 else "slow"
    return problem("clock", f"it is {abs(ahead):.0f} s {which}. Let the system set it: timedatectl set-ntp true")
