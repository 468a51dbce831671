"""The connection to Discord breaks while somebody is told of an error: the log says so, in a line."""

import pytest

from sandbox.local_discord.faults import Fault
from tests.conftest import Env
from tests.e2e.test_create import ON, card, turn_on
from tests.messages import buttons


@pytest.mark.parametrize("kind", ["command", "button"])
async def test_what_cannot_be_told_is_a_line_of_the_log(env: Env, caplog: pytest.LogCaptureFixture, kind: str) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        shown = await card(env)
        env.discord.faults.order(Fault("/callback", 0, times=20))
        if kind == "command":
            await env.ada.slash(env.channel, "suno status", id="two words, no id")
        else:
            await env.ada.press(shown, next(each for each in buttons(shown) if each.startswith("Create")))
        await env.discord.hub.until(lambda: "could not be shown" in caplog.text)
        env.discord.faults.clear()
        assert (await card(env))["content"], "it goes on"
    assert not [record for record in caplog.records if record.name.startswith("discord") and record.exc_info]
