"""Menus on messages, texts in DMs, and calling the bot by its name."""

from typing import Any

import pytest

from sandbox.local_discord.messages import Upload
from sandbox.local_gateway.life import Life
from sandbox.local_gateway.server import Fault
from tests.conftest import Town
from tests.e2e.test_watch import DONE, LATER, ONE
from tests.messages import brings_songs, words

LOOK_UP, WATCH = "Suno: look up tasks", "Suno: watch tasks"


async def answered(town: Town, place: dict[str, Any], count: int = 1) -> dict[str, Any]:
    """The bot's newest message there, once it has written so many."""
    return (await town.posts(count, at=place))[-1]


async def test_a_menu_looks_up_the_one_task_of_a_message(town: Town) -> None:
    town.gateway.add(DONE)
    message = town.ben.say(town.channel, f"see https://g.example/suno/fetch/{DONE.id} !")
    async with town.bot():
        answer = await town.finished(await town.ada.menu(message, LOOK_UP))
        await town.discord.hub.until(lambda: answer["attachments"])
    assert answer["flags"] & 64
    assert len(answer["attachments"]) == 2


async def test_a_menu_lists_the_tasks_of_a_message_and_of_its_files(town: Town) -> None:
    town.gateway.add(DONE, LATER)
    file = Upload("ids.txt", f"{LATER.id}\ntask_third".encode(), "text/plain")
    message = town.ben.say(town.channel, DONE.id, [file, Upload("task_inaname.png", b"x", "image/png")])
    async with town.bot():
        answer = await town.finished(await town.ben.menu(message, LOOK_UP))
    assert "## 4 个任务 · ✅ 1 · 🎛️ 1 · 🚫 2" in words(answer)


async def test_a_menu_finds_ids_in_embeds(town: Town) -> None:
    town.gateway.add(LATER)
    async with town.bot():
        card = await town.status(LATER.id)
        answer = await town.finished(await town.ben.menu(card, LOOK_UP))
    assert "生成中" in words(answer)


@pytest.mark.parametrize("menu", [LOOK_UP, WATCH])
async def test_a_menu_knows_the_one_task_of_a_song_card(town: Town, menu: str) -> None:
    """The card's links name the songs, too."""
    town.gateway.add(DONE)
    async with town.bot():
        card = await town.status(DONE.id)
        answer = await town.finished(await town.ada.menu(card, menu))
    assert "## " not in words(answer)
    assert len(answer["attachments"]) == 2 or f"Watching `{DONE.id}`" in answer["content"]


@pytest.mark.parametrize("menu", [LOOK_UP, WATCH])
async def test_a_link_to_a_song_is_explained(town: Town, menu: str) -> None:
    link = f"https://suno.com/song/{ONE.clip_id}"
    dm = town.discord.world.dm_with(town.ada.user)
    async with town.bot():
        answers = [
            await town.finished(await town.ada.menu(town.ada.say(town.channel, link), menu)),
            await town.status(link),
            await town.watch(link),
        ]
        town.ada.say(dm, link)
        answers.append(await answered(town, dm))
    for answer in answers:
        assert "a song's (clip) id isn't its task's id" in answer["content"]
    assert not town.gateway.requests


async def test_a_menu_watches(town: Town) -> None:
    town.gateway.add(DONE)
    message = town.ada.say(town.channel, f"{DONE.id} task_other")
    async with town.bot():
        answer = await town.finished(await town.ben.menu(message, WATCH))
        (post,) = await town.posts()
    assert "已关注 2 个任务" in answer["content"]
    assert [user["id"] for user in post["mentions"]] == [town.ben.id]


@pytest.mark.parametrize("menu", [LOOK_UP, WATCH])
async def test_a_message_without_ids_is_explained(town: Town, menu: str) -> None:
    message = town.ada.say(town.channel, "hello, world")
    async with town.bot():
        answer = await town.finished(await town.ada.menu(message, menu))
    assert answer["content"].startswith("I found no task id in there.")


async def test_an_id_written_to_the_bot_is_looked_up(town: Town) -> None:
    town.gateway.add(DONE)
    dm = town.discord.world.dm_with(town.ada.user)
    async with town.bot():
        town.ada.say(dm, f"what about {DONE.id}?")
        answer = await answered(town, dm)
        await town.discord.hub.until(lambda: answer["attachments"])
    assert len(answer["attachments"]) == 2
    assert answer["message_reference"]
    assert answer["mentions"] == []


async def test_an_answer_to_a_text_does_not_promise_what_discord_refused(town: Town) -> None:
    town.gateway.add(DONE)
    town.gateway.media_faults.append(Fault(200, b"ID3" + bytes(1000), delay=2.5))
    dm = town.discord.world.dm_with(town.ada.user)
    async with town.bot():
        town.ada.say(dm, DONE.id)
        answer = await answered(town, dm)
        assert "Fetching" in answer["content"]
        town.discord.faults.fail(
            rf"^/channels/{dm['id']}/messages/{answer['id']}$", 400, 50035, times=100, when=brings_songs
        )
        _, told = await town.posts(2, at=dm)
    assert "I couldn't fetch the audio of song 1 just now." in answer["content"]
    assert "Something went wrong" in told["content"]


async def test_several_ids_become_a_list_with_buttons(town: Town) -> None:
    town.gateway.add(DONE)
    dm = town.discord.world.dm_with(town.ben.user)
    async with town.bot():
        town.ben.say(dm, f"这些呢 {DONE.id} task_other")
        answer = await answered(town, dm)
        town.gateway.add(Life("task_other", songs=(ONE,)))
        await town.ben.press(answer, "刷新")
        await town.discord.hub.until(lambda: "✅ 2" in words(answer))
    assert "## 2 个任务" in words(answer)


async def test_a_text_without_ids_says_what_to_write(town: Town) -> None:
    dm = town.discord.world.dm_with(town.ada.user)
    async with town.bot():
        town.ada.say(dm, "hi")
        answer = await answered(town, dm)
    assert "Send me one or more task ids" in answer["content"]


async def test_calling_the_bot_in_a_channel(town: Town) -> None:
    town.gateway.add(DONE)
    async with town.bot():
        town.ada.say(town.channel, f"<@{town.discord.world.bot['id']}> {DONE.id}")
        answer = await answered(town, town.channel)
        await town.discord.hub.until(lambda: answer["attachments"])
        town.ada.say(town.channel, f"nobody called it: {DONE.id}")
        await town.settle_down()
        assert len(town.posted()) == 1


async def test_a_gateway_that_is_down_is_explained_in_a_dm(town: Town) -> None:
    await town.gateway.__aexit__(None, None, None)
    dm = town.discord.world.dm_with(town.ada.user)
    async with town.bot():
        town.ada.say(dm, DONE.id)
        answer = await answered(town, dm)
    assert "The gateway isn't answering right now" in answer["content"]
