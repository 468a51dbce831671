"""`python -m bot demo`: a local Discord, a local gateway, and the unmodified bot between them, in a browser."""

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import sys
import time
import webbrowser
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.app import serve
from bot.config import given_settings
from bot.domain.recent import Recent
from bot.shutdown import cancel_and_wait
from bot.storage.database import open_database
from bot.storage.recents import RecentStore
from sandbox.demo_orders import SETTINGS, allow_orders, take_orders
from sandbox.guide import guide
from sandbox.library import fill_library
from sandbox.local_discord.page import Page
from sandbox.local_discord.permissions import Permission
from sandbox.local_discord.redirect import redirected
from sandbox.local_discord.server import LocalDiscord
from sandbox.local_discord.world import FORUM, NEWS, Object, World
from sandbox.local_gateway.demo import demo_tasks, made_again
from sandbox.local_gateway.server import LocalGateway

_PAGE = Path(__file__).parent / "web"
_TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.demo.it-opens-nothing-0123456789abcdef"
_AGE = 600.0  # seconds since the demo's tasks began, except those that begin when they are first requested
_PORTS = range(8700, 8720)  # tried in this order when none was asked for
_TAGS = ("folk", "pop", "jazz", "rock", "民谣")  # of the forum
_LOST = {  # permissions that the bot is missing, by channel
    "lounge": (Permission.ATTACH_FILES, "The bot cannot attach files here · 机器人不能在这里上传文件"),
    "notices": (Permission.SEND_MESSAGES, "Only Ada may write here · 只有 Ada 可以在这里发言"),
}


class PortUnavailable(Exception):
    """The page's port cannot be listened on; the message says what to do."""


def make_world(locale: str = "en-US") -> tuple[World, Object]:
    """A server with two people, Ada, its administrator, and Mei, who reads Chinese; and the channel to start in.

    In two other channels the bot is missing a permission. One channel is a forum. `locale`: of the server, whose posts
    are in that language.
    """
    world = World()
    ada, mei = world.add_user("Ada"), world.add_user("Mei", locale="zh-CN")
    guild = world.add_guild("Night Owl Studio", owner=ada, locale=locale)
    singers = world.add_role(guild, "Singers")
    world.add_role(guild, "Moderators", int(Permission.MANAGE_GUILD))
    world.add_member(guild, mei, singers)
    songs = world.add_channel(guild, "songs")
    world.add_channel(guild, "releases", NEWS)
    for name, (taken, topic) in _LOST.items():
        override = {"id": guild["id"], "type": 0, "allow": "0", "deny": str(int(taken))}  # of the role of everyone
        channel = world.add_channel(guild, name)
        channel["permission_overwrites"].append(override)
        channel["topic"] = topic
    world.add_thread(songs, "Harbour Lights, drafts")
    forum = world.add_channel(guild, "song-box", FORUM)
    forum["topic"] = "A post for each song · 每首歌一个帖子"
    for name in _TAGS:
        world.add_tag(forum, name)
    world.installed_by.update((ada["id"], mei["id"]))
    return world, songs


def quieten() -> None:
    """Silences warnings about slow connections: on a slow machine the local Discord answers late."""
    logging.getLogger("discord.gateway").setLevel(logging.ERROR)


async def run_demo(*, port: int | None, open_browser: bool, locale: str = "en-US") -> None:
    """Runs until Ctrl-C. `port` None: the first free one; `locale`: of its server. Raises PortUnavailable."""
    quieten()
    with _listen(port) as listener, TemporaryDirectory(prefix="suno-watch-demo-") as folder:
        await _run(Path(folder), listener, open_browser=open_browser, locale=locale)


def _listen(asked: int | None) -> socket.socket:
    """Listens on the given port, else on the first free one of _PORTS, else on any."""
    for port in _PORTS if asked is None else [asked]:
        try:
            return _listening(port)
        except OSError as error:
            if asked is not None:
                raise PortUnavailable(_fault(port, error)) from error
    return _listening(0)


def _listening(port: int) -> socket.socket:
    listener = socket.socket()
    try:
        if os.name == "posix":  # a port that was closed a moment ago can be reused
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _fault(port: int, error: OSError) -> str:
    """Why the port cannot be used, and what to do."""
    match error.errno:
        case errno.EADDRINUSE:
            return f"Port {port} is in use. Choose another with --port, or leave --port out to take a free one."
        case errno.EACCES:
            return f"Port {port} needs administrator rights. Choose one from 1024 to 65535 with --port."
    return f"Port {port} cannot be used ({error.strerror}). Choose another with --port."


async def _run(folder: Path, listener: socket.socket, *, open_browser: bool, locale: str) -> None:
    world, songs = make_world(locale)
    discord = LocalDiscord(token=_TOKEN, listener=listener, world=world)
    async with LocalGateway() as gateway:
        discord.add(Page(discord, _PAGE, guide(world), lambda command: _made_again(gateway, command)).add_to)
        async with discord:
            gateway.add(*(task.fake for task in demo_tasks()), age=_AGE)
            settings = given_settings(
                discord_token=_TOKEN,
                suno_base_url=gateway.url,
                database_url=f"sqlite:///{folder}/demo.db",
                media_allow_hosts=f"{gateway.media_host},{discord.url.removeprefix('http://')}",
                **SETTINGS,
            )
            gateway.sells = True
            take_orders(gateway.orders)
            releases = next(each for each in world.channels.values() if each.get("name") == "releases")
            await fill_library(settings.database_url, discord, releases)
            await _look_tasks_up(settings.database_url, world, songs)
            await allow_orders(settings.database_url, world, songs)
            with redirected(discord.url):
                bot = asyncio.create_task(serve(settings))
                with contextlib.suppress(NotImplementedError):  # on Windows, where Ctrl-C raises KeyboardInterrupt
                    for number in (signal.SIGINT, signal.SIGTERM):
                        asyncio.get_running_loop().add_signal_handler(number, bot.cancel)
                _announce(discord.url, open_browser=open_browser)
                try:
                    await asyncio.wait({bot})
                finally:
                    await cancel_and_wait({bot})
                if not bot.cancelled():
                    bot.result()


def _made_again(gateway: LocalGateway, command: str) -> str:
    """The command of a guide's step, for a copy of its task that begins now."""
    task = next((each for each in demo_tasks() if each.typed == command and each.fake.born_when_asked), None)
    if task is None:
        return command
    again = made_again(task)
    gateway.add(again.fake)
    return again.typed


def _announce(url: str, *, open_browser: bool) -> None:
    """Prints the page's address, and how to reach it from another machine: it listens on the loopback address."""
    port = url.rpartition(":")[2]
    connection = os.environ.get("SSH_CONNECTION", "").split()  # the client's address and port, then this machine's
    host = connection[2] if len(connection) == 4 else socket.gethostname()
    here = f"{os.environ['USER']}@{host}" if "USER" in os.environ else host
    sys.stdout.write(
        f"The demo is at {url}\n"
        f"From another machine: ssh -L {port}:127.0.0.1:{port} {here}, then open {url} there.\n"
        "Ctrl-C ends it.\n"
    )
    sys.stdout.flush()
    if open_browser and not connection:  # over SSH it would open on the wrong machine
        webbrowser.open(url)


async def _look_tasks_up(database_url: str, world: World, channel: Object) -> None:
    """Stores lookups of both people, so that the bot suggests the tasks; without those that have not begun."""
    looked_at = [task for task in demo_tasks() if not task.fake.born_when_asked]
    async with open_database(database_url) as engine:
        store = RecentStore(engine)
        for age, task in enumerate(looked_at):
            for user in world.people():
                recent = Recent(
                    user_id=int(user["id"]),
                    task_id=task.fake.id,
                    channel_id=int(channel["id"]),
                    public=True,
                    gateway="default",
                    title=task.title,
                    looked_up_at=time.time() - age,
                )
                await store.save_recent(recent)
