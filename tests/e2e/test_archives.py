"""A page of songs as ZIP files, sent one after the other."""

import asyncio
import io
import zipfile
from typing import Any

import discord
import pytest

from sandbox.local_discord.faults import Fault as DiscordFault
from sandbox.local_discord.permissions import Permission
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault
from tests import forged
from tests.conftest import Env
from tests.idle import wait_until_idle
from tests.messages import buttons, words

MIB = 1024 * 1024
TASKS = tuple(
    FakeTask(f"task_{number:04}", songs=(Song(f"c{number}", f"海风 {number}", lyrics="[主歌]\n啦", duration=30.0),))
    for number in range(12)
)


async def listed(env: Env, *tasks: FakeTask) -> dict[str, Any]:
    env.gateway.add(*tasks)
    ids = " ".join(task.id for task in tasks)
    return await env.finished(await env.ada.slash(env.channel, "suno batch", ids=ids))


async def packed(env: Env, message: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """What the answer says in the end, and the messages with the files."""
    pressed = await env.ben.press(message, "ZIP")
    await env.discord.hub.until(lambda: pressed.message is not None and "ZIP 文件，含封面" in words(pressed.message))
    assert pressed.message
    return words(pressed.message).strip(), [each for each in pressed.follow_ups if each["attachments"]]


def names(env: Env, message: dict[str, Any]) -> list[str]:
    content = env.discord.world.files[message["attachments"][0]["id"]].content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [name for name in archive.namelist() if name.endswith(".mp3")]


async def test_the_songs_of_a_page_come_in_one_file_to_who_asks_alone(env: Env) -> None:
    async with env.bot():
        said, (file,) = await packed(env, await listed(env, *TASKS))
    assert said == "📦 已将 10 首歌打包成一个 ZIP 文件，含封面和歌词。"
    assert file["attachments"][0]["filename"] == "songs.zip"
    assert names(env, file) == [f"{number + 1:02} 海风 {number}.mp3" for number in range(10)]
    assert file not in env.ada.read(env.channel)


async def test_more_than_the_place_takes_comes_in_parts(env: Env) -> None:
    env.discord.world.upload_limit = 600_000
    async with env.bot():
        said, files = await packed(env, await listed(env, *TASKS[:4]))
    assert said == "📦 已将 4 首歌打包成 2 个 ZIP 文件，含封面和歌词。"
    assert [names(env, each) for each in files] == [
        ["01 海风 0.mp3", "02 海风 1.mp3"],
        ["03 海风 2.mp3", "04 海风 3.mp3"],
    ]


async def test_a_limit_that_was_said_too_high_is_lowered_and_nothing_is_lost(env: Env) -> None:
    async with env.bot():
        message = await listed(env, *TASKS[:2])
        env.discord.faults.order(
            DiscordFault(r"/webhooks/", 413, method="POST", times=1, body={"message": "", "code": 40005})
        )
        said, files = await packed(env, message)
    assert "已将 2 首歌打包成 2 个" in said
    assert [names(env, each) for each in files] == [["01 海风 0.mp3"], ["02 海风 1.mp3"]]


@pytest.mark.parametrize(
    ("boosted", "parts"),
    [
        (True, [["01 Sea 0.mp3", "02 Sea 1.mp3", "03 Sea 2.mp3"]]),
        (False, [["01 Sea 0.mp3", "02 Sea 1.mp3"], ["03 Sea 2.mp3"]]),
    ],
    ids=["as the place says", "as Discord documents"],
)
async def test_a_boosted_server_takes_larger_files(env: Env, boosted: bool, parts: list[list[str]]) -> None:
    env.discord.world.upload_limit = 100 * MIB
    if boosted:
        env.discord.world.request_limit = 100 * MIB
    tasks = [FakeTask(f"task_{n:04}", songs=(Song(f"c{n}", f"Sea {n}", duration=1_300.0),)) for n in range(3)]
    async with env.bot():
        _, files = await packed(env, await listed(env, *tasks))
    assert [names(env, each) for each in files] == parts
    assert sum(each["attachments"][0]["size"] for each in files) > 25 * MIB


async def test_a_large_file_whose_upload_breaks_off_is_sent_in_smaller_ones(env: Env) -> None:
    env.discord.world.upload_limit = env.discord.world.request_limit = 100 * MIB
    tasks = [FakeTask(f"task_{n:04}", songs=(Song(f"c{n}", f"Sea {n}", duration=1_300.0),)) for n in range(3)]
    async with env.bot():
        message = await listed(env, *tasks)
        env.discord.faults.order(DiscordFault(r"/webhooks/", 0, method="POST"))
        _, files = await packed(env, message)
    assert [len(names(env, each)) for each in files] == [2, 1]


async def test_songs_that_cannot_be_had_are_named(env: Env) -> None:
    env.gateway.media_faults.append(Fault(404, path="/audio/c1"))
    async with env.bot():
        said, (file,) = await packed(env, await listed(env, *TASKS[:3]))
    assert said.splitlines() == [
        "📦 已将 2 首歌打包成一个 ZIP 文件，含封面和歌词。",
        "⚠️ 未包含 **海风 1**：无法获取它的文件。",
    ]
    assert names(env, file) == ["01 海风 0.mp3", "03 海风 2.mp3"]


async def test_a_page_of_the_library_is_packed_from_its_posts_when_the_gateway_has_forgotten_it(env: Env) -> None:
    async with env.bot():
        env.gateway.add(*TASKS[:3])
        await env.watch(*[task.id for task in TASKS[:3]])
        await env.posts(3)
        await wait_until_idle()
        for task in TASKS[:3]:
            env.gateway.forget(task.id)
        before = len(env.gateway.media_requests)
        found = await env.finished(await env.ben.slash(env.channel, "suno library", find="海风"))
        said, (file,) = await packed(env, found)
    assert said == "📦 已将 3 首歌打包成一个 ZIP 文件，含封面和歌词。"
    assert file["attachments"][0]["title"] == "海风"
    assert sorted(name[3:] for name in names(env, file)) == ["海风 0.mp3", "海风 1.mp3", "海风 2.mp3"]
    content = env.discord.world.files[file["attachments"][0]["id"]].content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert len(archive.namelist()) == 9, "with lyrics, which the bot has kept, and covers"
    assert len(env.gateway.media_requests) == before


async def test_a_song_that_may_no_longer_be_seen_is_not_packed(env: Env) -> None:
    async with env.bot():
        env.gateway.add(TASKS[0])
        await env.watch(TASKS[0].id)
        await env.posts(1)
        await wait_until_idle()
        found = await env.finished(await env.ben.slash(env.channel, "suno library", find="海风"))
        env.discord.changes.override(env.channel, env.ben.user, deny=Permission.VIEW_CHANNEL)
        pressed = await env.ben.press(found, "ZIP")
        answer = await env.finished(pressed)
    assert words(answer).strip() == "没有已完成的歌曲可以打包。"


@pytest.mark.parametrize("meanwhile", ["hidden", "removed", "forgotten"])
async def test_a_song_that_goes_while_others_are_packed_is_not_packed(env: Env, meanwhile: str) -> None:
    staff = env.discord.changes.add_channel(env.discord.world.guilds[env.channel["guild_id"]], "staff")
    async with env.bot():
        env.gateway.add(*TASKS[:2])
        for task, at in zip(TASKS[:2], (staff, env.channel), strict=True):
            await env.watch(task.id, at=at)
            await env.posts(1, at=at)
        await wait_until_idle()
        found = await env.finished(await env.ben.slash(env.channel, "suno library", find="海风"))
        held = asyncio.Event()
        env.discord.faults.order(DiscordFault(r"/messages/\d+$", 200, method="GET", after=True, held=held))
        pressed = await env.ben.press(found, "ZIP")
        await env.discord.hub.until(lambda: any(env.channel["id"] in each for each in _read(env)))
        if meanwhile == "hidden":
            env.discord.changes.override(staff, env.ben.user, deny=Permission.VIEW_CHANNEL)
        elif meanwhile == "removed":
            listed = await env.finished(await env.ada.slash(staff, "suno library", scope="here"))
            card = await env.finished(await env.ada.press(listed, "▶️"))
            asked = await env.finished(await env.ada.press(card, "Remove from library"))
            await env.changed(await env.ada.press(asked, "Yes, remove it"))
        else:
            asked = await env.finished(await forged.press(env.ada, found, "s1:de:0:ask"))
            await env.changed(await env.ada.press(asked, "Yes, delete everything"))
        held.set()
        await env.discord.hub.until(
            lambda: "有 1 首没有打包" in words(pressed.message or {"content": "", "embeds": []})
        )
        (file,) = [each for each in pressed.follow_ups if each["attachments"]]
    assert names(env, file) == ["01 海风 1.mp3"]
    assert "海风 0" not in words(pressed.message or {})


def _read(env: Env) -> list[str]:
    """Paths of messages that were read again."""
    return [each.path for each in env.discord.requests if each.method == "GET" and "/messages/" in each.path]


@pytest.mark.parametrize("state", ["running", "failed"])
async def test_without_finished_songs_there_is_nothing_to_pack(env: Env, state: Any) -> None:
    async with env.bot():
        answer = await listed(env, FakeTask("task_0", states=((0.0, state),)))
    assert "ZIP" not in buttons(answer)


async def test_when_the_bot_stops_it_is_said_what_is_not_packed(env: Env) -> None:
    """And not that it is still being packed, which nobody would ever change."""
    env.discord.world.upload_limit = 600_000
    async with env.bot():
        message = await listed(env, *TASKS[:4])
        env.gateway.media_faults.append(Fault(200, b"ID3\x04" + bytes(1_000), path="/audio/c3", stall_after=500))
        pressed = await env.ben.press(message, "ZIP")
        await env.discord.hub.until(lambda: bool(pressed.follow_ups))
        assert pressed.message
        await env.discord.hub.until(lambda: "2/4" in words(pressed.message or {}))
        over = round(discord.utils.snowflake_time(int(pressed.id)).timestamp()) + 900
        assert f"如果到 <t:{over}:t> 仍显示" in words(pressed.message), "if the bot is killed, nobody can change that"
    assert words(pressed.message).strip().splitlines() == [
        "📦 已将 2 首歌打包成一个 ZIP 文件，含封面和歌词。",
        "⏹️ 机器人正在重启，还有 2 首没有打包。请一分钟后再点 **ZIP**。",
    ]
