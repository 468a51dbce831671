"""The card that follows a task's progress, when Discord does not let the bot edit it."""

import pytest

from bot.domain.delivery import RECHECK
from sandbox.local_discord.faults import Fault
from sandbox.local_discord.permissions import Permission
from sandbox.local_gateway.fake_task import FakeTask
from tests.conftest import Env
from tests.e2e.test_watch import LATER, TWO
from tests.messages import words

_CARDS = r"^/channels/\d+/messages/\d+$"


@pytest.mark.parametrize("code", [50013, 50083])
async def test_a_live_card_that_may_not_be_edited_for_a_while_is_kept_all_the_same(env: Env, code: int) -> None:
    """A permission is taken away and given back, a thread is archived and opened again."""
    env.gateway.add(LATER)
    async with env.bot():
        await env.watch(LATER.id, live=True)
        (card,) = await env.posts()
        env.discord.faults.fail(_CARDS, 403, code)
        await env.clock.advance(660, step=5)
        await env.posts(2)
        await env.discord.hub.until(lambda: any(each.status == 403 for each in env.discord.requests))
        await env.clock.advance(RECHECK + 60, step=60)
        await env.discord.hub.until(lambda: "Here is the result" in words(card))


async def test_a_live_card_is_edited_at_once_when_a_permission_is_back(env: Env) -> None:
    guild = env.discord.world.guild_of(env.channel)
    assert guild
    env.gateway.add(LATER)
    async with env.bot():
        await env.watch(LATER.id, live=True)
        (card,) = await env.posts()
        env.discord.faults.fail(_CARDS, 403, 50013)
        await env.clock.advance(660, step=5)
        await env.discord.hub.until(lambda: any(each.status == 403 for each in env.discord.requests))
        env.discord.changes.override(env.channel, guild["roles"][0], allow=Permission.SEND_MESSAGES)
        await env.clock.advance(30, step=5)
        await env.discord.hub.until(lambda: "Here is the result" in words(card))


async def test_a_live_card_with_an_odd_fault_holds_up_no_other_and_not_the_bot(
    env: Env, caplog: pytest.LogCaptureFixture
) -> None:
    others = FakeTask("task_other", songs=(TWO,), states=LATER.states)
    env.gateway.add(LATER, others)
    async with env.bot():
        await env.watch(LATER.id, others.id, live=True)
        first, open_gateway = await env.posts(2)
        env.discord.faults.order(Fault(_CARDS, 200, method="PATCH", body={"what": "no message"}))
        await env.clock.advance(660, step=5)
        await env.discord.hub.until(lambda: any("Here is" in words(each) for each in (first, open_gateway)))
        await env.clock.advance(RECHECK + 60, step=60)
        await env.discord.hub.until(lambda: all("Here is" in words(each) for each in (first, open_gateway)))
    assert "unexpected error" in caplog.text
