"""What somebody ordered is theirs to take away, and to have forgotten."""

import json
from typing import Any

from tests.bot_process import Command
from tests.conftest import Env
from tests.e2e.test_create import ON, card, fill, let_in, orders, press, turn_on, with_role


async def test_orders_are_forgotten_with_their_person(env: Env, command: Command) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        await press(env, env.ada, await card(env), "Create")
        await env.discord.hub.until(lambda: bool(env.gateway.orders.posts))
        await env.settle_down()
    assert len(await orders(env)) == 1
    code, _, _ = await command("forget-user", env.ada.id)
    assert code == 0
    assert await orders(env) == []


async def exported(env: Env) -> dict[str, Any]:
    panel = await env.finished(await env.ada.slash(env.channel, "suno settings"))
    answer = await env.finished(await env.ada.press(panel, "Export my data"))
    found: dict[str, Any] = json.loads(env.discord.world.files[answer["attachments"][0]["id"]].content)
    return found


async def test_orders_are_exported_with_all_that_was_written_and_only_to_their_person(env: Env) -> None:
    role = with_role(env, env.ben, "Singers")
    async with env.bot(**ON, suno_price=0.3):
        await let_in(env, await turn_on(env), role)
        begin = await env.finished(await env.ada.slash(env.channel, "suno create"))
        opened = await env.ada.press(begin, "Own lyrics")
        await env.changed(await fill(env.ada, opened, field0="Harbour", field1="folk", field2="[Verse]\n盐"))
        await press(env, env.ada, begin, "Create")
        await press(env, env.ben, await card(env, env.ben, about="a secret of Ben's"), "创作")
        await env.discord.hub.until(lambda: len(env.gateway.orders.posts) == 2)
        await env.settle_down()
        data = await exported(env)
    ((order),) = data["orders"]
    assert order["request"]["lyrics"] == "[Verse]\n盐"
    assert (order["request"]["title"], order["request"]["style"], order["price"]) == ("Harbour", "folk", 0.3)
    assert (order["user_id"], order["channel_id"]) == (env.ada.id, env.channel["id"])
    assert order["state"] == "accepted"
    assert order["task_id"] == env.gateway.orders.posts[0].task_id
    assert order["placed_at"].startswith("20"), "a time that people can read"
    assert "secret" not in json.dumps(data)


async def test_who_deletes_their_data_gets_no_new_allowance(env: Env) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        await press(env, env.ada, await card(env), "Create")
        await env.discord.hub.until(lambda: bool(env.gateway.orders.posts))
        await env.settle_down()
        panel = await env.finished(await env.ada.slash(env.channel, "suno settings"))
        asked = await env.finished(await env.ada.press(panel, "Delete my data"))
        deleted = await env.finished(await env.ada.press(asked, "Yes, delete everything"))
        await env.discord.hub.until(lambda: "Deleted:" in deleted["content"])
        assert (await exported(env))["orders"] == []
        usage = await env.finished(await env.ada.slash(env.channel, "suno usage"))
        assert "Songs: 1 of 3 used, 2 left" in usage["content"]
    assert await orders(env) == []
