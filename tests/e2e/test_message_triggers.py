"""Menus on messages, texts in DMs, and calling the bot by its name."""

import pytest

from sandbox.local_discord.messages import Upload
from sandbox.local_gateway.fake_task import FakeTask
from sandbox.local_gateway.server import Fault
from tests.conftest import Env
from tests.messages import LOOK_UP_MENU, WATCH_MENU, brings_songs, words
from tests.sample_tasks import DONE, LATER, ONE


async def test_a_menu_looks_up_the_one_task_of_a_message(env: Env) -> None:
    env.gateway.add(DONE)
    message = env.ben.say(env.channel, f"see https://g.example/suno/fetch/{DONE.id} !")
    async with env.bot():
        answer = await env.finished(await env.ada.menu(message, LOOK_UP_MENU))
        await env.discord.hub.until(lambda: answer["attachments"])
    assert answer["flags"] & 64
    assert len(answer["attachments"]) == 2


async def test_a_menu_lists_the_tasks_of_a_message_and_of_its_files(env: Env) -> None:
    env.gateway.add(DONE, LATER)
    file = Upload("ids.txt", f"{LATER.id}\ntask_third".encode(), "text/plain")
    message = env.ben.say(env.channel, DONE.id, [file, Upload("task_inaname.png", b"x", "image/png")])
    async with env.bot():
        answer = await env.finished(await env.ben.menu(message, LOOK_UP_MENU))
    assert "## 4 个任务 · ✅ 1 · 🎛️ 1 · 🚫 2" in words(answer)


async def test_a_menu_finds_ids_in_embeds(env: Env) -> None:
    env.gateway.add(LATER)
    async with env.bot():
        card = await env.status(LATER.id)
        answer = await env.finished(await env.ben.menu(card, LOOK_UP_MENU))
    assert "生成中" in words(answer)


@pytest.mark.parametrize("menu", [LOOK_UP_MENU, WATCH_MENU])
async def test_a_menu_knows_the_one_task_of_a_song_card(env: Env, menu: str) -> None:
    """The card's links name the songs, too."""
    env.gateway.add(DONE)
    async with env.bot():
        card = await env.status(DONE.id)
        answer = await env.finished(await env.ada.menu(card, menu))
    assert "## " not in words(answer)
    assert len(answer["attachments"]) == 2 or f"Watching `{DONE.id}`" in answer["content"]


@pytest.mark.parametrize("menu", [LOOK_UP_MENU, WATCH_MENU])
async def test_a_link_to_a_song_is_explained(env: Env, menu: str) -> None:
    link = f"https://suno.com/song/{ONE.clip_id}"
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot():
        answers = [
            await env.finished(await env.ada.menu(env.ada.say(env.channel, link), menu)),
            await env.status(link),
            await env.watch(link),
        ]
        env.ada.say(dm, link)
        answers.append(await env.newest_post(dm))
    for answer in answers:
        assert "a song's (clip) id isn't its task's id" in answer["content"]
    assert not env.gateway.requests


async def test_a_menu_watches(env: Env) -> None:
    env.gateway.add(DONE)
    message = env.ada.say(env.channel, f"{DONE.id} task_other")
    async with env.bot():
        answer = await env.finished(await env.ben.menu(message, WATCH_MENU))
        (post,) = await env.posts()
    assert "已关注 2 个任务" in answer["content"]
    assert [user["id"] for user in post["mentions"]] == [env.ben.id]


@pytest.mark.parametrize("menu", [LOOK_UP_MENU, WATCH_MENU])
async def test_a_message_without_ids_is_explained(env: Env, menu: str) -> None:
    message = env.ada.say(env.channel, "hello, world")
    async with env.bot():
        answer = await env.finished(await env.ada.menu(message, menu))
    assert answer["content"].startswith("I found no task id in there.")


async def test_an_id_written_to_the_bot_is_looked_up(env: Env) -> None:
    env.gateway.add(DONE)
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot():
        env.ada.say(dm, f"what about {DONE.id}?")
        answer = await env.newest_post(dm)
        await env.discord.hub.until(lambda: answer["attachments"])
    assert len(answer["attachments"]) == 2
    assert answer["message_reference"]
    assert answer["mentions"] == []


async def test_an_answer_to_a_text_does_not_promise_what_discord_refused(env: Env) -> None:
    env.gateway.add(DONE)
    env.gateway.media_faults.append(Fault(200, b"ID3" + bytes(1000), delay=2.5))
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot():
        env.ada.say(dm, DONE.id)
        answer = await env.newest_post(dm)
        assert "Fetching" in answer["content"]
        env.discord.faults.fail(
            rf"^/channels/{dm['id']}/messages/{answer['id']}$", 400, 50035, times=100, when=brings_songs
        )
        _, reply = await env.posts(2, at=dm)
    assert "I couldn't fetch the audio of song 1 just now." in answer["content"]
    assert "Something went wrong" in reply["content"]


async def test_several_ids_become_a_list_with_buttons(env: Env) -> None:
    env.gateway.add(DONE)
    dm = env.discord.world.dm_with(env.ben.user)
    async with env.bot():
        env.ben.say(dm, f"这些呢 {DONE.id} task_other")
        answer = await env.newest_post(dm)
        env.gateway.add(FakeTask("task_other", songs=(ONE,)))
        await env.ben.press(answer, "刷新")
        await env.discord.hub.until(lambda: "✅ 2" in words(answer))
    assert "## 2 个任务" in words(answer)


async def test_a_text_without_ids_says_what_to_write(env: Env) -> None:
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot():
        env.ada.say(dm, "hi")
        answer = await env.newest_post(dm)
    assert "Send me one or more task ids" in answer["content"]


async def test_calling_the_bot_in_a_channel(env: Env) -> None:
    env.gateway.add(DONE)
    async with env.bot():
        env.ada.say(env.channel, f"<@{env.discord.world.bot['id']}> {DONE.id}")
        answer = await env.newest_post(env.channel)
        await env.discord.hub.until(lambda: answer["attachments"])
        env.ada.say(env.channel, f"nobody called it: {DONE.id}")
        await env.settle_down()
        assert len(env.posted()) == 1


async def test_a_gateway_that_is_down_is_explained_in_a_dm(env: Env) -> None:
    await env.gateway.__aexit__(None, None, None)
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot():
        env.ada.say(dm, DONE.id)
        answer = await env.newest_post(dm)
    assert "The gateway isn't answering right now" in answer["content"]
