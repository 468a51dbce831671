"""The live card of a task: its progress, its result, and edits that Discord refuses."""

from itertools import pairwise
from typing import Any

import pytest

from bot.domain.delivery import RECHECK
from sandbox.local_discord.faults import Fault
from sandbox.local_discord.permissions import Permission
from sandbox.local_gateway.fake_task import FakeTask
from tests.conftest import Env
from tests.messages import words
from tests.sample_tasks import LATER, ONE, TWO

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


async def test_an_unexpected_error_on_one_live_card_does_not_affect_others(
    env: Env, caplog: pytest.LogCaptureFixture
) -> None:
    others = FakeTask("task_other", songs=(TWO,), states=LATER.states)
    env.gateway.add(LATER, others)
    async with env.bot():
        await env.watch(LATER.id, others.id, live=True)
        first, second = await env.posts(2)
        env.discord.faults.order(Fault(_CARDS, 200, method="PATCH", body={"what": "no message"}))
        await env.clock.advance(660, step=5)
        await env.discord.hub.until(lambda: any("Here is" in words(each) for each in (first, second)))
        await env.clock.advance(RECHECK + 60, step=60)
        await env.discord.hub.until(lambda: all("Here is" in words(each) for each in (first, second)))
    assert "unexpected error" in caplog.text


async def test_a_live_card_follows_and_the_result_replies_to_it(env: Env) -> None:
    env.gateway.add(
        FakeTask(
            "task_live", "rix", (ONE,), states=((0, "queued"), (20, "running"), (40, "done")), progress=((20, 40),)
        )
    )
    async with env.bot():
        await env.watch("task_live", live=True)
        (card,) = await env.posts()
        assert "Queued" in words(card)
        await env.clock.advance(30, step=1)
        await env.discord.hub.until(lambda: "40%" in words(card))
        await env.clock.advance(15, step=1)
        _, post = await env.posts(2)
        await env.clock.advance(20, step=1)
        await env.discord.hub.until(lambda: "Here is the result" in words(card))
        edits = _edits(env)
        await env.clock.advance(60, step=5)
    assert post["message_reference"]["message_id"] == card["id"]
    assert post["id"] in card["content"]
    assert all(one.body != other.body for one, other in pairwise(edits)), "only on change"
    assert _edits(env) == edits


def _edits(env: Env) -> list[Any]:
    return [each for each in env.discord.requests if each.method == "PATCH" and each.path.startswith("/channels/")]
