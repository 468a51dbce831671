from typing import Any

import pytest

from tests.conftest import Env


@pytest.fixture
def guild(env: Env) -> dict[str, Any]:
    """The server of the channel."""
    found = env.discord.world.guild_of(env.channel)
    assert found
    return found
