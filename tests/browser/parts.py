"""A small bot that uses every part of a page that a bot can use, and says what it was given."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import discord
from discord import app_commands
from discord.ext import commands
from playwright.async_api import Locator, Page, expect

from sandbox.local_discord.server import LocalDiscord
from sandbox.local_discord.world import Object

View = discord.ui.View
Interaction = discord.Interaction[Any]


@dataclass
class Stage:
    """The page and what it talks to; Ada, who uses it, and Mei, who may act besides."""

    page: Page
    local: LocalDiscord
    ada: Object
    mei: Object
    songs: Object

    async def type(self, line: str, *keys: str) -> None:
        """Key by key, as people type."""
        await self.page.get_by_test_id("composer").press_sequentially(line)
        for key in keys:
            await self.page.keyboard.press(key)

    async def command(self, line: str) -> None:
        await self.page.get_by_test_id("composer").fill(line)
        await self.page.keyboard.press("Enter")

    async def type_anew(self, line: str, *keys: str) -> None:
        """Into an empty line."""
        await self.page.get_by_test_id("composer").fill("")
        while await self.page.get_by_label("Remove /").count():
            await self.page.get_by_label("Remove /").click()
        await self.type(line, *keys)

    async def say(self, who: Object, *lines: str) -> None:
        """As somebody at another machine."""
        for line in lines:
            self.local.person(who).say(self.songs, line)
        await expect(self.answer).to_have_text(lines[-1], use_inner_text=True)

    @asynccontextmanager
    async def bot_away(self) -> AsyncIterator[None]:
        """Cut off, and kept waiting for a greeting: a bot that is refused would try again only much later."""
        sockets, interactions = self.local.sockets, self.local.interactions
        patience = interactions.patience
        sockets.hold()
        await sockets.drop()
        try:
            await expect(self.page.locator("#presence")).to_have_text("The bot is offline")
            interactions.patience = 0.5
            yield
        finally:
            interactions.patience = patience
            sockets.release()

    @property
    def answer(self) -> Locator:
        return self.page.get_by_test_id("content").last

    @property
    def alert(self) -> Locator:
        return self.page.locator("[role=alert]:visible")

    @property
    def choices(self) -> Locator:
        return self.page.get_by_test_id("choice")


class Form(discord.ui.Modal, title="A form"):
    words: discord.ui.Label[Any] = discord.ui.Label(
        text="Your words", description="As many as you like", component=discord.ui.TextInput(custom_id="words")
    )
    file: discord.ui.Label[Any] = discord.ui.Label(
        text="A file", component=discord.ui.FileUpload(custom_id="file", required=False)
    )

    async def on_submit(self, interaction: Interaction) -> None:
        assert isinstance(self.words.component, discord.ui.TextInput)
        assert isinstance(self.file.component, discord.ui.FileUpload)
        names = [file.filename for file in self.file.component.values]
        await interaction.response.send_message(f"{self.words.component.value} and {names}")


class Survey(discord.ui.Modal, title="A survey"):
    role: discord.ui.Label[Any] = discord.ui.Label(
        text="A role", component=discord.ui.RoleSelect(custom_id="role", max_values=2, required=True)
    )
    mood: discord.ui.Label[Any] = discord.ui.Label(
        text="Mood",
        component=discord.ui.RadioGroup(
            options=[discord.RadioGroupOption(label=each, value=each.lower()) for each in ("Calm", "Wild")]
        ),
    )
    tags: discord.ui.Label[Any] = discord.ui.Label(
        text="Tags",
        component=discord.ui.CheckboxGroup(
            options=[discord.CheckboxGroupOption(label=each, value=each.lower()) for each in ("Folk", "Pop")]
        ),
    )
    sure: discord.ui.Label[Any] = discord.ui.Label(text="Sure", component=discord.ui.Checkbox())

    async def on_submit(self, interaction: Interaction) -> None:
        parts: list[Any] = [each.component for each in (self.role, self.mood, self.tags, self.sure)]
        roles = [role.name for role in parts[0].values]
        await interaction.response.send_message(f"{roles} {parts[1].value} {parts[2].values} {parts[3].value}")


class Colours(View):
    @discord.ui.select(options=[discord.SelectOption(label="Red"), discord.SelectOption(label="Blue")])
    async def pick(self, interaction: Interaction, select: discord.ui.Select[Any]) -> None:
        await interaction.response.edit_message(content=f"You chose {select.values[0]}", view=None)


class Pickers(View):
    """A select of every kind of thing that there is in Discord."""

    def __init__(self, default: discord.Role) -> None:
        super().__init__(timeout=None)
        news = [discord.ChannelType.news]
        for item in (
            discord.ui.UserSelect[Any](custom_id="user"),
            discord.ui.RoleSelect[Any](custom_id="role", min_values=0, max_values=2, default_values=[default]),
            discord.ui.MentionableSelect[Any](custom_id="mentionable"),
            discord.ui.ChannelSelect[Any](custom_id="channel", min_values=0),
            discord.ui.ChannelSelect[Any](custom_id="news", channel_types=news, placeholder="A news channel"),
        ):
            self.add_item(item)

    async def interaction_check(self, interaction: Interaction) -> bool:
        data: Any = interaction.data
        selects: list[Any] = self.children
        item = next(each for each in selects if each.custom_id == data["custom_id"])
        await interaction.response.send_message(f"{item.custom_id}: {sorted(each.name for each in item.values)}")
        return False


class Parts(commands.Bot):
    async def setup_hook(self) -> None:
        callbacks: dict[str, Any] = {
            "form": form, "survey": survey, "choose": choose, "pick": pick, "file": file, "slow": slow, "typed": typed,
            "watch": watch, "watches": watches,
        }  # fmt: skip
        for name, callback in callbacks.items():
            self.tree.add_command(app_commands.Command(name=name, description=f"tries {name}", callback=callback))
        self.tree.add_command(app_commands.ContextMenu(name="Repeat", callback=repeat))
        await self.tree.sync()


async def form(interaction: Interaction) -> None:
    await interaction.response.send_modal(Form())


async def survey(interaction: Interaction) -> None:
    await interaction.response.send_modal(Survey())


async def choose(interaction: Interaction) -> None:
    await interaction.response.send_message("Choose", view=Colours())


async def pick(interaction: Interaction) -> None:
    assert interaction.guild is not None
    singers = next(role for role in interaction.guild.roles if role.name == "Singers")
    await interaction.response.send_message("Pick", view=Pickers(singers))


async def file(interaction: Interaction, upload: discord.Attachment, times: int = 1) -> None:
    content = (await upload.read()).decode()
    await interaction.response.send_message(f"{upload.filename}: {content * times}")


async def slow(interaction: Interaction) -> None:
    """Never answers."""


async def suggested(_interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    if current == "slow":
        await asyncio.sleep(60)
    return [app_commands.Choice(name=f"Suggested {each}", value=f"suggested-{each}") for each in ("one", "two")]


@app_commands.autocomplete(text=suggested)
async def typed(
    interaction: Interaction,
    text: str,
    colour: Literal["red", "dark red", "blue"] | None = None,
    times: app_commands.Range[int, 1, 5] | None = None,
    place: discord.TextChannel | None = None,
    who: discord.Member | discord.Role | None = None,
) -> None:
    given = {"colour": colour, "times": times, "place": place, "who": who}
    shown = " ".join(f"{name}={value}" for name, value in given.items() if value is not None)
    await interaction.response.send_message(f"[{text}] {shown}".strip())


async def watch(interaction: Interaction, what: str, loud: bool | None = None) -> None:
    await interaction.response.send_message(f"watch {what} {loud}")


async def watches(interaction: Interaction) -> None:
    await interaction.response.send_message("these are the watches")


async def repeat(interaction: Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"You said {message.content}", ephemeral=True)
