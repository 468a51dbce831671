"""`python -m bot demo`: a local Discord, a local gateway, and the unmodified bot between them, in a browser."""

import asyncio
import signal
import sys
import time
import webbrowser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot.app import serve
from bot.config import given_settings
from bot.storage.database import open_database
from bot.storage.recents import Recent, RecentStore
from sandbox.local_discord.page import Page
from sandbox.local_discord.permissions import Permission
from sandbox.local_discord.redirect import redirected
from sandbox.local_discord.server import LocalDiscord
from sandbox.local_discord.world import NEWS, Object, World
from sandbox.local_gateway.demo import demo_tasks
from sandbox.local_gateway.server import LocalGateway

_PAGE = Path(__file__).parent / "web"
_TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.demo.it-opens-nothing-0123456789abcdef"
_AGE = 600.0  # seconds since the demo's tasks were born, but for those that are born when they are asked for


_MORE_STEPS = (
    ("an id that nobody knows", "查不到的任务 ID", "/suno status id:00000000-0000-4000-8000-000000000000"),
    ("only the lyrics, in pages", "只看歌词，分页显示", "/suno lyrics id:c5d6e7f8-091a-4b2c-8d3e-4f5061728394"),
    ("many at once, in one list", "批量查询，一个列表", "/suno batch ids:" + " ".join(t.life.id for t in demo_tasks())),
    ("the same, from a form or a file", "同上，通过表单或文件", "/suno batch"),
    ("what is being watched", "正在关注的任务", "/suno watches"),
    (
        "a finished task, posted to another channel",
        "把已完成的任务发到另一个频道",
        "/suno watch ids:5f0c1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b channel:releases",
    ),
    (
        "as Ada: to a channel where the bot may not write",
        "以 Ada 的身份：发到机器人没有权限的频道",
        "/suno watch ids:5f0c1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b channel:notices",
    ),
    ("my language, my data", "我的语言和数据", "/suno settings"),
    ("examples, privacy, invitations", "示例、隐私、邀请链接", "/suno help"),
    ("as Ada: how songs come to this server", "以 Ada 的身份：歌曲如何发到本服务器", "/suno-admin setup"),
    ("as Ada: which permission is missing where", "以 Ada 的身份：哪里缺少权限", "/suno-admin check"),
    ("as Ada: posts that wait or failed", "以 Ada 的身份：等待或失败的消息", "/suno-admin deliveries"),
    ("only the second song", "只要第二首歌", "/suno audio id:1934567890123456789 clip:2"),
)


def make_world() -> tuple[World, Object]:
    """A server with two people: Ada, who administrates it, and Mei, who reads Chinese; and a channel to begin in.

    In two others the bot lacks a permission, as it happens.
    """
    world = World()
    ada, mei = world.add_user("Ada"), world.add_user("Mei", locale="zh-CN")
    guild = world.add_guild("Night Owl Studio", owner=ada)
    singers = world.add_role(guild, "Singers")
    world.add_role(guild, "Moderators", int(Permission.MANAGE_GUILD))
    world.add_member(guild, mei, singers)
    songs = world.add_channel(guild, "songs")
    world.add_channel(guild, "releases", NEWS)
    for name, taken in (("lounge", Permission.ATTACH_FILES), ("notices", Permission.SEND_MESSAGES)):
        override = {"id": guild["id"], "type": 0, "allow": "0", "deny": str(int(taken))}  # of the role of everyone
        world.add_channel(guild, name)["permission_overwrites"].append(override)
    world.installed_by.update((ada["id"], mei["id"]))
    return world, songs


async def run_demo(*, port: int, open_browser: bool) -> None:
    """Until Ctrl-C."""
    with TemporaryDirectory(prefix="suno-watch-demo-") as folder:
        await _run(Path(folder), port, open_browser=open_browser)


async def _run(folder: Path, port: int, *, open_browser: bool) -> None:
    world, songs = make_world()
    discord = LocalDiscord(token=_TOKEN, port=port, world=world)
    discord.add(Page(discord, _PAGE, _guide()).add_to)
    async with discord, LocalGateway() as gateway:
        gateway.add(*(task.life for task in demo_tasks()), age=_AGE)
        settings = given_settings(
            discord_token=_TOKEN,
            suno_base_url=gateway.url,
            database_url=f"sqlite:///{folder}/demo.db",
            media_allow_hosts=gateway.media_host,
        )
        await _look_tasks_up(settings.database_url, world, songs)
        with redirected(discord.url):
            bot = asyncio.create_task(serve(settings))
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, bot.cancel)
            _announce(discord.url, open_browser=open_browser)
            await asyncio.wait({bot})
            if not bot.cancelled():
                bot.result()


def _announce(url: str, *, open_browser: bool) -> None:
    sys.stdout.write(f"The demo is at {url}\nCtrl-C ends it.\n")
    sys.stdout.flush()
    if open_browser:
        webbrowser.open(url)


async def _look_tasks_up(database_url: str, world: World, channel: Object) -> None:
    """As if both people had looked at every task before, so that the bot suggests them."""
    async with open_database(database_url) as engine:
        store = RecentStore(engine)
        for age, task in enumerate(demo_tasks()):
            for user in world.people():
                recent = Recent(
                    user_id=int(user["id"]),
                    task_id=task.life.id,
                    channel_id=int(channel["id"]),
                    public=True,
                    gateway="default",
                    title=task.title or task.shows,
                    looked_up_at=time.time() - age,
                )
                await store.keep_recent(recent)


def _guide() -> Object:
    steps: list[dict[str, Any]] = [
        {"text": {"en": task.shows, "zh-CN": task.shows_zh}, "command": task.typed} for task in demo_tasks()
    ]
    steps += [
        {"text": {"en": english, "zh-CN": chinese}, "command": command} for english, chinese, command in _MORE_STEPS
    ]
    return {"title": {"en": "Try these", "zh-CN": "试试这些"}, "steps": steps}
