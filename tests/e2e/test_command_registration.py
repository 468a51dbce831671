"""Commands are registered at Discord, once, in every language."""

import discord

from bot.ui.render.locales import languages
from tests.conftest import Env


async def test_commands_are_registered_once(env: Env) -> None:
    for _ in range(2):
        async with env.bot():
            pass
    puts = [request for request in env.discord.requests if request.method == "PUT"]
    assert len(puts) == 1
    command = env.discord.world.commands[0]
    assert command["description_localizations"]["zh-CN"].startswith("Suno 任务")
    options = {each["name"]: each for each in command["options"]}
    assert options["status"]["description_localizations"]["zh-TW"].startswith("查看一個")
    (name, *_) = options["playlist"]["options"][0]["options"]
    assert name["description_localizations"]["zh-CN"] == "新歌单的名称"
    known = {locale.value for locale in discord.Locale}
    ours = known & {locale for language in languages().values() for locale in language.locales}
    assert set(command["options"][0]["description_localizations"]) == ours
    assert (command["integration_types"], command["contexts"]) == ([0, 1], [0, 1, 2])


async def test_lost_commands_are_registered_again(env: Env) -> None:
    async with env.bot():
        pass
    env.discord.world.commands.clear()
    async with env.bot():
        pass
    assert "suno" in [command["name"] for command in env.discord.world.commands]
