"""The links that an operator gets are those that /suno help shows, and ask for what the bot needs."""

import re

from sandbox.local_discord.faults import Fault
from sandbox.local_discord.permissions import Permission
from tests.bot_process import Command
from tests.conftest import TOKEN, Env
from tests.messages import links


async def test_both_links(env: Env, command: Command) -> None:
    code, output, errors = await command("invite")
    server, own = re.findall(r"https://\S+", output)
    assert (code, errors) == (0, "")
    assert f"client_id={env.discord.world.bot['id']}&scope=bot+applications.commands&permissions=" in server
    asked = int(server.rpartition("=")[2])
    assert f"with the permissions {asked}:" in output
    assert asked == (
        Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES | Permission.SEND_MESSAGES_IN_THREADS
        | Permission.EMBED_LINKS | Permission.ATTACH_FILES | Permission.READ_MESSAGE_HISTORY
    )  # fmt: skip
    assert own.endswith("scope=applications.commands&integration_type=1")
    async with env.bot():
        shown = await env.finished(await env.ada.slash(env.channel, "suno help"))
    assert {server, own} <= set(links(shown).values())


async def test_a_refused_token(command: Command) -> None:
    code, output, errors = await command("invite", DISCORD_TOKEN="a.wrong.token")
    assert (code, output) == (77, "")
    assert "Discord refused the token" in errors


async def test_discord_does_not_answer(env: Env, command: Command) -> None:
    env.discord.faults.order(Fault("/users/@me", 503, times=100))
    code, output, errors = await command("invite")
    assert (code, output) == (69, "")
    assert "Discord cannot be reached" in errors
    assert "Traceback" not in errors
    assert TOKEN not in errors


async def test_discord_asks_to_wait_for_an_hour(env: Env, command: Command) -> None:
    env.discord.faults.rate_limit("/applications/@me", 3_600)
    code, output, errors = await command("invite")
    assert (code, output) == (69, "")
    assert "Discord cannot be reached: it asks to wait 3600 s" in errors
    assert "Traceback" not in errors
