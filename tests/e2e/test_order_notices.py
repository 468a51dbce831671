"""What people are told by DM about their orders when no card can show it any more: deadlines, and lost answers."""

import pytest

from bot.domain.order import LOST_AFTER, PLACED_FOR, WAITING_FOR
from sandbox.local_discord.people import Person
from tests.conftest import Env
from tests.e2e.test_create import ON, card, let_in, press, turn_on, with_role
from tests.e2e.test_create_limits import offers_create
from tests.messages import buttons


async def told(env: Env, person: Person, text: str) -> dict[str, object]:
    """The DM with that text, of which there is one."""
    dm = env.discord.world.dm_with(person.user)
    await env.discord.hub.until(lambda: any(text in each["content"] for each in env.posted(dm)))
    (notice,) = [each for each in env.posted(dm) if text in each["content"]]
    return notice


async def test_an_order_that_nobody_approved_in_two_days(env: Env) -> None:
    role = with_role(env, env.ben, "Singers")
    async with env.bot(**ON):
        panel = await turn_on(env)
        await press(env, env.ada, panel, "Ask for approval")
        await let_in(env, panel, role)
        await press(env, env.ben, await card(env, env.ben), "创作")
        await env.clock.advance(WAITING_FOR - 60, step=WAITING_FOR / 8)
        assert env.posted(env.discord.world.dm_with(env.ben.user)) == [], "not before"
        await env.clock.advance(120, step=20)
        notice = await told(env, env.ben, "48 小时")
        assert "rain on the harbour" in str(notice["content"])
        usage = await env.finished(await env.ben.slash(env.channel, "suno usage"))
        assert "歌曲：已用 0 / 3" in usage["content"]
    assert env.gateway.orders.posts == []


async def test_an_order_that_could_not_be_sent_for_half_an_hour(env: Env) -> None:
    """What is under way takes all the room: orders wait for some, but not for ever."""
    env.gateway.orders.takes = 2 * PLACED_FOR
    role = with_role(env, env.ben, "Singers")
    async with env.bot(**ON, create_at_once=1):
        await let_in(env, await turn_on(env), role)
        await press(env, env.ada, await card(env), "Create")
        await env.discord.hub.until(lambda: len(env.gateway.orders.posts) == 1)
        await press(env, env.ben, await card(env, env.ben, about="fog"), "创作")
        await env.clock.advance(PLACED_FOR + 60, step=PLACED_FOR / 10)
        notice = await told(env, env.ben, "30 分钟内网关没有空位")
        assert "fog" in str(notice["content"])
        assert "编辑后重试" in buttons(notice)
    assert len(env.gateway.orders.posts) == 1


async def test_an_order_that_was_never_answered_is_told_twice_and_never_sent_again(env: Env) -> None:
    env.gateway.orders.plan = ["lost"]
    async with env.bot(**ON):
        await turn_on(env)
        await press(env, env.ada, await card(env), "Create")
        await env.clock.advance(20, step=5)
        await told(env, env.ada, "No answer came")
        await env.clock.advance(LOST_AFTER, step=LOST_AFTER / 12)
        lost = await told(env, env.ada, "wasn't found within 24 hours")
        assert "may have charged" in str(lost["content"])
        assert "Edit and try again" not in buttons(lost), "that may cost twice: it is for managers"
    assert len(env.gateway.orders.posts) == 1


@pytest.mark.parametrize("closed", [True, False], ids=["no DMs", "DMs"])
async def test_whoever_takes_no_dms_is_told_where_they_ordered(env: Env, *, closed: bool) -> None:
    env.gateway.orders.plan = ["refuses"]
    if closed:
        env.discord.world.closed_dms.add(env.ada.id)
    async with env.bot(**ON):
        await turn_on(env)
        await press(env, env.ada, await card(env), "Create")
        place = env.channel if closed else env.discord.world.dm_with(env.ada.user)
        await env.discord.hub.until(lambda: any('"Nobody"' in each["content"] for each in env.posted(place)))
        (notice,) = [each for each in env.posted(place) if '"Nobody"' in each["content"]]
        assert (f"<@{env.ada.id}>" in notice["content"]) is closed
        again = await env.finished(await env.ada.press(notice, "Edit and try again"))
        assert "rain on the harbour" in again["content"]
        await env.clock.advance(31)
        await env.settle_down(0.1)
        assert offers_create(again)
