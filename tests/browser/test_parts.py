"""The page's parts that a bot can use, each tried with a small bot that uses them all."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import app_commands
from discord.ext import commands
from playwright.async_api import Page, async_playwright, expect

from sandbox.demo import make_world
from sandbox.local_discord.page import Page as PageServer
from sandbox.local_discord.redirect import redirected
from sandbox.local_discord.server import LocalDiscord
from tests.browser.conftest import CHROMIUM, QUIET, ROOT
from tests.needs import program

pytestmark = pytest.mark.browser

TOKEN = "a-token"


class Form(discord.ui.Modal, title="A form"):
    words: discord.ui.Label[Any] = discord.ui.Label(
        text="Your words", description="As many as you like", component=discord.ui.TextInput(custom_id="words")
    )
    file: discord.ui.Label[Any] = discord.ui.Label(
        text="A file", component=discord.ui.FileUpload(custom_id="file", required=False)
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        assert isinstance(self.words.component, discord.ui.TextInput)
        assert isinstance(self.file.component, discord.ui.FileUpload)
        names = [file.filename for file in self.file.component.values]
        await interaction.response.send_message(f"{self.words.component.value} and {names}")


class Choose(discord.ui.View):
    @discord.ui.select(options=[discord.SelectOption(label="Red"), discord.SelectOption(label="Blue")])
    async def pick(self, interaction: discord.Interaction, select: discord.ui.Select[Any]) -> None:
        await interaction.response.edit_message(content=f"You chose {select.values[0]}", view=None)


class Parts(commands.Bot):
    async def setup_hook(self) -> None:
        callbacks: dict[str, Any] = {"form": form, "choose": choose, "file": file, "slow": slow}
        for name, callback in callbacks.items():
            self.tree.add_command(app_commands.Command(name=name, description=f"tries {name}", callback=callback))
        self.tree.add_command(app_commands.ContextMenu(name="Repeat", callback=repeat))
        await self.tree.sync()


async def form(interaction: discord.Interaction) -> None:
    await interaction.response.send_modal(Form())


async def choose(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("Choose", view=Choose())


async def file(interaction: discord.Interaction, upload: discord.Attachment, times: int = 1) -> None:
    content = (await upload.read()).decode()
    await interaction.response.send_message(f"{upload.filename}: {content * times}")


async def slow(interaction: discord.Interaction) -> None:
    """Never answers."""


async def repeat(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"You said {message.content}", ephemeral=True)


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    chromium = program(*CHROMIUM)
    world, _ = make_world()
    local = LocalDiscord(token=TOKEN, world=world)
    local.add(PageServer(local, ROOT / "sandbox" / "web", {"title": {"en": "", "zh-CN": ""}, "steps": []}).add_to)
    async with local:
        local.interactions.patience = 1.0
        with redirected(local.url):
            bot = Parts("!", intents=discord.Intents(guilds=True), guild_ready_timeout=0)
            running = asyncio.create_task(bot.start(TOKEN))
            await local.hub.until(lambda: local.hub.online)
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=chromium, args=QUIET)
                page = await browser.new_page()
                await page.goto(local.url)
                await page.wait_for_selector("#presence.online")
                yield page
                await browser.close()
            await bot.close()
            await running


async def command(page: Page, line: str) -> None:
    await page.get_by_test_id("composer").fill(line)
    await page.keyboard.press("Enter")


async def test_a_form_with_a_file(page: Page, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("task_1")
    await command(page, "/form")
    dialog = page.locator("dialog")
    await expect(dialog).to_contain_text("As many as you like")
    await page.get_by_test_id("field-words").fill("hello")
    await dialog.locator("input[type=file]").set_input_files(tmp_path / "ids.txt")
    await page.get_by_test_id("submit").click()
    await expect(page.get_by_test_id("content")).to_have_text("hello and ['ids.txt']")


async def test_a_form_can_be_left(page: Page) -> None:
    await command(page, "/form")
    await expect(page.locator("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog")).not_to_be_visible()
    await expect(page.get_by_test_id("message")).to_have_count(0)


async def test_a_choice(page: Page) -> None:
    await command(page, "/choose")
    await page.locator(".message select").select_option("Blue")
    await expect(page.get_by_test_id("content")).to_contain_text("You chose Blue")


async def test_a_file_as_an_option(page: Page, tmp_path: Path) -> None:
    (tmp_path / "ids.csv").write_text("a,b")
    await page.get_by_test_id("composer").fill("/file ")
    await page.locator("#attach input").set_input_files(tmp_path / "ids.csv")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("content")).to_have_text("ids.csv: a,b")


async def test_the_menu_of_a_message(page: Page) -> None:
    await command(page, "just words")
    await page.get_by_test_id("message").hover()
    await page.get_by_role("button", name="Repeat").click()
    await expect(page.locator(".message.private")).to_contain_text("You said just words")
    await page.get_by_test_id("person-switch").select_option(label="Mei")
    await expect(page.get_by_test_id("message")).to_have_count(1)


async def test_silence_is_told(page: Page) -> None:
    await command(page, "/slow")
    await expect(page.get_by_role("alert")).to_have_text("The application did not respond.")


async def test_two_people_talk_and_unread_channels_are_marked(page: Page) -> None:
    await command(page, "hello from Ada")
    await page.get_by_test_id("person-switch").select_option(label="Mei")
    await expect(page.get_by_test_id("content")).to_have_text("hello from Ada")
    await page.get_by_test_id("channel-lounge").click()
    await expect(page.locator(".empty")).to_be_visible()
    await command(page, "**bold** ||hidden|| <b>no html</b>")
    await expect(page.locator(".content b")).to_have_text("bold")
    await expect(page.get_by_test_id("content")).to_contain_text("<b>no html</b>")
