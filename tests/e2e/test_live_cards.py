"""The card that follows a task's progress, when Discord does not let the bot edit it."""

import pytest

from bot.domain.delivery import RECHECK
from sandbox.local_discord.faults import Fault
from sandbox.local_discord.permissions import Permission
from sandbox.local_gateway.life import Life
from tests.conftest import Town
from tests.e2e.test_watch import LATER, TWO
from tests.messages import words

_CARDS = r"^/channels/\d+/messages/\d+$"


@pytest.mark.parametrize("code", [50013, 50083])
async def test_a_live_card_that_may_not_be_edited_for_a_while_is_kept_all_the_same(town: Town, code: int) -> None:
    """A permission is taken away and given back, a thread is archived and opened again."""
    town.gateway.add(LATER)
    async with town.bot():
        await town.watch(LATER.id, live=True)
        (card,) = await town.posts()
        town.discord.faults.fail(_CARDS, 403, code)
        await town.clock.pass_(660, step=5)
        await town.posts(2)
        await town.discord.hub.until(lambda: any(each.status == 403 for each in town.discord.requests))
        await town.clock.pass_(RECHECK + 60, step=60)
        await town.discord.hub.until(lambda: "Here is the result" in words(card))


async def test_a_live_card_is_edited_at_once_when_a_permission_is_back(town: Town) -> None:
    guild = town.discord.world.guild_of(town.channel)
    assert guild
    town.gateway.add(LATER)
    async with town.bot():
        await town.watch(LATER.id, live=True)
        (card,) = await town.posts()
        town.discord.faults.fail(_CARDS, 403, 50013)
        await town.clock.pass_(660, step=5)
        await town.discord.hub.until(lambda: any(each.status == 403 for each in town.discord.requests))
        town.discord.changes.override(town.channel, guild["roles"][0], allow=Permission.SEND_MESSAGES)
        await town.clock.pass_(30, step=5)
        await town.discord.hub.until(lambda: "Here is the result" in words(card))


async def test_a_live_card_with_an_odd_fault_holds_up_no_other_and_not_the_bot(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    others = Life("task_other", songs=(TWO,), states=LATER.states)
    town.gateway.add(LATER, others)
    async with town.bot():
        await town.watch(LATER.id, others.id, live=True)
        first, second = await town.posts(2)
        town.discord.faults.order(Fault(_CARDS, 200, method="PATCH", body={"what": "no message"}))
        await town.clock.pass_(660, step=5)
        await town.discord.hub.until(lambda: any("Here is" in words(each) for each in (first, second)))
        await town.clock.pass_(RECHECK + 60, step=60)
        await town.discord.hub.until(lambda: all("Here is" in words(each) for each in (first, second)))
    assert "nobody foresaw" in caplog.text
