"""What somebody ordered is theirs to take away, and to have forgotten."""

from tests.bot_process import Command
from tests.conftest import Env
from tests.e2e.test_create import ON, card, orders, press, turn_on


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
