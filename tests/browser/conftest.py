import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import pytest_asyncio
from discord import Intents
from playwright.async_api import Browser, Page, async_playwright, expect

from sandbox.demo import make_world
from sandbox.local_discord.page import Page as PageServer
from sandbox.local_discord.redirect import redirected
from sandbox.local_discord.server import LocalDiscord
from tests.browser.parts import Parts, Stage
from tests.installed_programs import program

ROOT = Path(__file__).parents[2]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TOKEN = "a-token"
expect.set_options(timeout=20_000)  # milliseconds; a slow machine is no failure
NO_GUIDE = {"title": {"en": "", "zh-CN": ""}, "groups": []}


class Demo:
    """`python -m bot demo`, as a person starts it. Whatever becomes of the test, none is left running."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.communicate()

    async def start(self, *arguments: str) -> str:
        """The address of its page."""
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TMPDIR": str(self._folder)}
        command = [sys.executable, "-m", "bot", "demo", "--no-browser", *arguments]
        self.process = await asyncio.create_subprocess_exec(
            *command, cwd=self._folder, env=environment, stdout=PIPE, stderr=PIPE
        )
        assert self.process.stdout is not None
        line = (await asyncio.wait_for(self.process.stdout.readline(), 30)).decode()
        return line.rpartition(" ")[2].strip()

    async def stop(self) -> tuple[str, str]:
        """What else it printed, to stdout and stderr."""
        assert self.process is not None
        self.process.terminate()
        output, complaints = await asyncio.wait_for(self.process.communicate(), 30)
        assert self.process.returncode == 0
        return output.decode(), complaints.decode()


@pytest_asyncio.fixture(loop_scope="module")
async def demo(tmp_path: Path) -> AsyncIterator[str]:
    """The address of the demo's page; whatever it logs fails the test."""
    async with Demo(tmp_path) as program:
        yield await program.start()
        _, complaints = await program.stop()
    assert complaints == ""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    chromium = program(*CHROMIUM)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield browser
        await browser.close()


@asynccontextmanager
async def opened(browser: Browser, address: str, *, width: int = 1280, height: int = 900) -> AsyncIterator[Page]:
    """The page in a window of its own; whatever it complains of fails the test."""
    complaints: list[str] = []
    async with await browser.new_context(viewport={"width": width, "height": height}) as context:
        page = await context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(address)
        await page.wait_for_selector("#presence.online", state="attached")
        yield page
    assert complaints == []


@pytest_asyncio.fixture(loop_scope="module")
async def page(demo: str, browser: Browser) -> AsyncIterator[Page]:
    """The demo in a browser."""
    async with opened(browser, demo) as page:
        yield page


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def local() -> AsyncIterator[LocalDiscord]:
    """The demo's own server, with a bot that uses all parts of the page."""
    world, _ = make_world()
    discord = LocalDiscord(token=TOKEN, world=world)
    discord.add(PageServer(discord, ROOT / "sandbox" / "web", NO_GUIDE).add_to)
    async with discord:
        with redirected(discord.url):
            bot = Parts("!", intents=Intents(guilds=True), guild_ready_timeout=0)
            running = asyncio.create_task(bot.start(TOKEN))
            yield discord
            await bot.close()
            running.cancel()  # it may be waiting to connect again, for minutes
            with contextlib.suppress(asyncio.CancelledError):
                await running


@pytest_asyncio.fixture(loop_scope="module")
async def stage(browser: Browser, local: LocalDiscord) -> AsyncIterator[Stage]:
    """The page as Ada opens it, with nothing written yet."""
    await local.hub.until(lambda: local.hub.online)
    world = local.world
    world.messages.clear()
    ada, mei = world.people()
    world.locales.update({ada["id"]: "en-US", mei["id"]: "zh-CN"})
    world.upload_limit, local.interactions.patience = 20 * 1024 * 1024, 30.0
    songs = next(each for each in world.channels.values() if each.get("name") == "songs")
    async with opened(browser, local.url, width=1000, height=700) as page:
        yield Stage(page, local, ada, mei, songs)
