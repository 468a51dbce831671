from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from typing import Any

import pytest
from filelock import FileLock, Timeout

from tests.conftest import Env


@pytest.fixture
def guild(env: Env) -> dict[str, Any]:
    """The server of the channel."""
    found = env.discord.world.guild_of(env.channel)
    assert found
    return found


@pytest.fixture
def _two_at_a_time(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Among all processes of the tests: each runs several bots, which must be connected within some seconds."""
    folder = tmp_path_factory.getbasetemp().parent
    slot = _free_slot([FileLock(folder / f"several-bots-{number}.lock") for number in range(2)])
    yield
    slot.release()


def _free_slot(slots: list[FileLock]) -> FileLock:
    """Waits for it, and takes it."""
    for slot in cycle(slots):
        with suppress(Timeout):
            slot.acquire(timeout=0.2)
            return slot
    raise ValueError("there are no slots")
