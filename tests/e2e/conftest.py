from collections.abc import Iterator
from typing import Any

import pytest
from filelock import FileLock

from tests.conftest import Env


@pytest.fixture
def guild(env: Env) -> dict[str, Any]:
    """The server of the channel."""
    found = env.discord.world.guild_of(env.channel)
    assert found
    return found


@pytest.fixture
def _one_at_a_time(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Among all processes of the tests: each runs several bots, which must be connected within some seconds."""
    with FileLock(tmp_path_factory.getbasetemp().parent / "several-bots.lock"):
        yield
