"""What strangers try with buttons, choices and forms of their own making."""

import pytest

from sandbox.local_gateway.life import Life
from tests import forged
from tests.conftest import Town
from tests.e2e.test_watch import FAST, LATER, ONE

ODD_IDS = ("..", ".", "\ud800", "a\rb", "task_1/../../x", "x" * 91)


@pytest.mark.parametrize("odd", ODD_IDS)
async def test_no_button_has_something_watched_that_is_no_id(town: Town, odd: str) -> None:
    """A gateway without the batch call is asked for each by its path."""
    town.gateway.batch = False
    soon = Life("task_soon", songs=(ONE,), states=((0, "queued"), (1, "done")))
    town.gateway.add(soon, LATER)
    async with town.bot(**FAST):
        card = await town.status(LATER.id)
        answer = await town.finished(await forged.press(town.ada, card, f"s1:nf:0:{odd}"))
        await town.watch(soon.id)
        assert len(await town.posts()) == 1, "the bot still serves"
    assert "Watching" not in answer["content"]
