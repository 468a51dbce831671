"""What the card says, and what it offers, to somebody who cannot order now: why, until when, and who can change it."""

from typing import Any

import pytest

from bot.domain.allowance import next_day
from bot.domain.order import OrderState
from tests.conftest import Env
from tests.e2e.test_create import ON, card, fill, let_in, orders, press, turn_on, with_role
from tests.messages import buttons, words


def offers_create(message: dict[str, Any]) -> bool:
    return any(each.startswith(("Create", "创作")) for each in buttons(message))


async def order_one(env: Env) -> None:
    """Ada's, and the time between two orders passes."""
    await press(env, env.ada, await card(env), "Create")
    await env.discord.hub.until(lambda: bool(env.gateway.orders.posts))
    await env.clock.advance(31)


async def set_numbers(env: Env, panel: dict[str, Any], **texts: str) -> None:
    opened = await env.ada.press(panel, "Numbers")
    await env.changed(await fill(env.ada, opened, **texts))


@pytest.mark.parametrize(
    ("numbers", "per_day", "told"),
    [
        ({"field0": "1"}, 50, ("You've used your one order for today", "a manager of this server can change")),
        ({"field1": "1"}, 50, ("This server has used its one song for today", "a manager can change the limit")),
        ({}, 1, ("The bot's owner allows one song a day, and it's used up",)),
    ],
    ids=["person", "server", "operator"],
)
async def test_with_nothing_left_the_card_says_so_and_offers_no_create(
    env: Env, numbers: dict[str, str], per_day: int, told: tuple[str, ...]
) -> None:
    async with env.bot(**ON, create_per_day=per_day):
        panel = await turn_on(env)
        await set_numbers(env, panel, **numbers)
        await order_one(env)
        shown = await card(env)
        for text in (*told, "you have 0 of", "<t:"):
            assert text in shown["content"]
        assert not offers_create(shown)
        await env.clock.advance(next_day(env.clock.now()) - env.clock.now() + 1, step=7_200)
        await env.changed(await env.ada.press(shown, "Refresh"))
        await env.settle_down(0.1)
        assert "you have 0 of" not in shown["content"]
        assert offers_create(shown), "the draft is still there the next day"
    assert len(env.gateway.orders.posts) == 1


async def test_between_two_orders_the_card_waits_and_offers_create_by_itself(env: Env) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        await press(env, env.ada, await card(env), "Create")
        shown = await card(env, about="snow on the harbour")
        assert "One order every 30 seconds: the next one <t:" in shown["content"]
        assert not offers_create(shown)
        given_up = await card(env, about="fog on the harbour")
        await press(env, env.ada, given_up, "Cancel")
        await env.clock.advance(31)
        await env.settle_down(0.1)
        assert "One order every" not in shown["content"]
        assert offers_create(shown)
        assert "Cancelled" in given_up["content"], "what was given up meanwhile stays so"
        await press(env, env.ada, shown, "Create")
        await env.discord.hub.until(lambda: len(env.gateway.orders.posts) == 2)


async def test_who_was_blocked_after_the_card_is_told_and_offered_nothing(env: Env) -> None:
    role = with_role(env, env.ben, "Singers")
    async with env.bot(**ON):
        panel = await turn_on(env)
        await let_in(env, panel, role)
        shown = await card(env, env.ben)
        assert offers_create(shown)
        opened = await env.ada.press(panel, "People and channels")
        assert opened.modal
        chosen = [[role["id"]], [], [env.ben.id]]
        fields = [label["component"] for label in opened.modal["components"]]
        sent = [
            {"type": 18, "component": {"type": field["type"], "custom_id": field["custom_id"], "values": values}}
            for field, values in zip(fields, chosen, strict=True)
        ]
        resolved = {"roles": {role["id"]: role}, "users": {env.ben.id: env.ben.user}}
        await env.changed(await env.ada.submit(opened, sent, resolved))
        await env.settle_down(0.1)
        assert f"Who may not: <@{env.ben.id}>" in words(panel)
        await press(env, env.ben, shown, "创作")
        assert "管理者" in shown["content"]
        assert not offers_create(shown)
        assert "创作" not in buttons(await card(env, env.ben))
    assert env.gateway.orders.posts == []


async def test_below_the_operators_floor_the_card_says_who_can_do_something(env: Env) -> None:
    env.gateway.orders.credit = 500_000 * 0.5
    env.gateway.sells = True
    async with env.bot(**ON, create_keep_balance=1.0):
        await turn_on(env)
        await env.settle_down(0.2)
        shown = await card(env)
        assert "The gateway isn't taking orders right now" in shown["content"]
        assert "bot's owner" in shown["content"]
        assert not offers_create(shown)
        env.gateway.orders.credit = 500_000 * 5
        await env.clock.advance(700, step=100)
        await env.changed(await env.ada.press(shown, "Refresh"))
        await env.settle_down(0.1)
        assert offers_create(shown)


async def test_nobody_orders_a_model_that_the_operator_did_not_list(env: Env) -> None:
    """It may cost ten times as much; the name is typed, whatever the list offers."""
    async with env.bot(**ON, suno_models=("chirp-goose", "v5")):
        await turn_on(env)
        refused = await card(env, about="rain", model="chirp-hawk")
        assert "not offered in this server" in refused["content"]
        for model in ("chirp-crow", "v5", "V5"):
            shown = await card(env, about="rain", model=model)
            assert "New song · v5" in shown["content"]
            assert offers_create(shown)


async def test_managers_models_that_the_operator_no_longer_lists_are_no_dead_end(env: Env) -> None:
    async with env.bot(**ON, suno_models=("chirp-hawk", "chirp-crow")):
        panel = await turn_on(env)
        opened = await env.ada.press(panel, "Models")
        assert opened.modal
        field = opened.modal["components"][0]["component"]
        chosen = {"type": 3, "custom_id": field["custom_id"], "values": ["chirp-crow"]}
        await env.changed(await env.ada.submit(opened, [{"type": 18, "component": chosen}]))
    async with env.bot(**ON, suno_models=("chirp-hawk",)):
        shown = await card(env)
        assert "New song · v6" in shown["content"]
        assert offers_create(shown)


async def test_songs_are_not_posted_where_managers_allow_no_creating(env: Env) -> None:
    guild = env.discord.world.guilds[env.channel["guild_id"]]
    other = env.discord.changes.add_channel(guild, "general")
    async with env.bot(**ON):
        panel = await turn_on(env)
        opened = await env.ada.press(panel, "People and channels")
        assert opened.modal
        fields = [label["component"] for label in opened.modal["components"]]
        sent = [
            {"type": 18, "component": {"type": field["type"], "custom_id": field["custom_id"], "values": values}}
            for field, values in zip(fields, [[], [env.channel["id"]], []], strict=True)
        ]
        await env.changed(
            await env.ada.submit(opened, sent, {"channels": {env.channel["id"]: env.channel | {"permissions": "0"}}})
        )
        shown = await card(env, about="rain", channel=other)
        assert f"Creating is for <#{env.channel['id']}>" in shown["content"]
        assert not offers_create(shown)
        assert offers_create(await card(env, about="rain", channel=env.channel))


async def test_what_was_edited_on_another_device_is_shown_before_it_is_paid(env: Env) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        shown = await card(env, about="rain on the harbour")
        opened = await env.ada.press(shown, "Edit")
        create = next(each for each in buttons(shown) if each.startswith("Create"))
        edited = await fill(env.ada, opened, field0="snow on the harbour")
        await env.ada.press(shown, create)
        await env.changed(edited)
        await env.settle_down(0.3)
        ((name, state),) = await orders(env)
        paid = [post.body["gpt_description_prompt"] for post in env.gateway.orders.posts]
    assert (state is OrderState.DRAFT and not paid) or paid == [name], "what is paid for is what the order says"
    assert name in words(shown)
