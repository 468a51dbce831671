"""The local Discord, driven by two libraries that were not written for it: discord.py and hikari."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands
from discord.ext import commands

from sandbox.local_discord.errors import ApiError
from sandbox.local_discord.people import Person, components
from sandbox.local_discord.permissions import Permission
from sandbox.local_discord.redirect import redirected
from sandbox.local_discord.server import LocalDiscord
from sandbox.local_discord.world import Object

HIKARI = Path(__file__).parents[2] / ".venv" / "hikari" / "bin" / "python"
TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.a-token-of-the-local-discord"


class Clock:
    now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


class Form(discord.ui.Modal, title="A form"):
    field: discord.ui.Label[Any] = discord.ui.Label(text="A field", component=discord.ui.TextInput())

    async def on_submit(self, interaction: discord.Interaction) -> None:
        assert isinstance(self.field.component, discord.ui.TextInput)
        await interaction.response.send_message(f"you wrote {self.field.component.value}")


class Parrot(commands.Bot):
    """A small bot that uses a bit of everything."""

    def __init__(self) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        super().__init__("!", intents=intents, guild_ready_timeout=0)
        self.heard: list[discord.Message] = []

    async def setup_hook(self) -> None:
        self.tree.add_command(app_commands.Command(name="late", description="x", callback=self.late))
        self.tree.add_command(app_commands.Command(name="form", description="x", callback=self.form))
        self.tree.add_command(app_commands.ContextMenu(name="Repeat", callback=self.repeat))
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message)

    async def late(self, interaction: discord.Interaction) -> None:
        """Answers never; a test answers for it."""
        self.interaction = interaction

    async def form(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Form())

    async def repeat(self, interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(message.content, ephemeral=True)


class Stage:
    """A server with one person and the parrot."""

    def __init__(self, local: LocalDiscord, parrot: Parrot, clock: Clock, ada: Person, channel: Object) -> None:
        self.local = local
        self.parrot = parrot
        self.clock = clock
        self.ada = ada
        self.channel = channel

    @property
    def here(self) -> discord.TextChannel:
        channel = self.parrot.get_channel(int(self.channel["id"]))
        assert isinstance(channel, discord.TextChannel)
        return channel

    async def late(self) -> discord.Interaction:
        asking = asyncio.create_task(self.ada.slash(self.channel, "late"))
        await self.local.hub.until(lambda: hasattr(self.parrot, "interaction"))
        self.asked = asking
        return self.parrot.interaction


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    clock = Clock()
    local = LocalDiscord(token=TOKEN)
    local.world.clock = clock
    ada = local.world.add_user("Ada")
    guild = local.world.add_guild("Studio", owner=ada)
    channel = local.world.add_channel(guild, "songs")
    async with local:
        with redirected(local.url):
            parrot = Parrot()
            flying = asyncio.create_task(parrot.start(TOKEN))
            await local.hub.until(lambda: local.hub.online)
            await parrot.wait_until_ready()
            yield Stage(local, parrot, clock, local.person(ada), channel)
            await parrot.close()
            await flying


async def test_it_is_noted_how_long_the_bot_took(stage: Stage) -> None:
    interaction = await stage.late()
    await asyncio.sleep(0.2)
    await interaction.response.defer()
    asked = await stage.asked
    assert asked.received_at is not None
    assert asked.answered_at is not None
    assert 0.2 <= asked.answered_at - asked.received_at < 3.0


async def test_a_second_answer_is_refused(stage: Stage) -> None:
    interaction = await stage.late()
    await interaction.response.defer()
    await stage.asked
    interaction.response._response_type = None
    with pytest.raises(discord.HTTPException) as refusal:
        await interaction.response.send_message("again")
    assert (refusal.value.status, refusal.value.code) == (400, 40060)


async def test_an_answer_after_three_seconds_is_refused_and_shown_as_failed(stage: Stage) -> None:
    stage.local.interactions.patience = 0.05
    interaction = await stage.late()
    assert (await stage.asked).failed == "timeout"
    with pytest.raises(discord.NotFound) as refusal:
        await interaction.response.defer()
    assert refusal.value.code == 10062


async def test_a_token_is_good_for_fifteen_minutes(stage: Stage) -> None:
    interaction = await stage.late()
    await interaction.response.defer()
    await stage.asked
    stage.clock.now += 899
    await interaction.edit_original_response(content="just in time")
    stage.clock.now += 2
    with pytest.raises(discord.HTTPException) as refusal:
        await interaction.edit_original_response(content="too late")
    assert (refusal.value.status, refusal.value.code) == (401, 50027)


async def test_the_same_nonce_within_minutes_is_the_same_message(stage: Stage) -> None:
    first = await stage.here.send("once", nonce="n")
    assert (await stage.here.send("once", nonce="n")).id == first.id
    stage.clock.now += 301
    assert (await stage.here.send("once", nonce="n")).id != first.id
    assert len(stage.ada.read(stage.channel)) == 2


async def test_private_answers_reach_their_reader_alone(stage: Stage) -> None:
    world = stage.local.world
    ben = world.add_user("Ben")
    world.add_member(next(iter(world.guilds.values())), ben)
    message = stage.ada.say(stage.channel, "hello")
    answered = await stage.ada.menu(message, "Repeat")
    assert answered.message is not None
    assert answered.ephemeral
    assert answered.message in stage.ada.read(stage.channel)
    assert answered.message not in stage.local.person(ben).read(stage.channel)
    assert answered.message["id"] not in {str(heard.id) for heard in stage.parrot.heard}
    stage.ada.dismiss(answered.message["id"])
    assert answered.message not in stage.ada.read(stage.channel)


async def test_without_the_intent_a_bot_reads_only_what_is_meant_for_it(stage: Stage) -> None:
    stage.ada.say(stage.channel, "secret")
    stage.ada.say(stage.channel, f"<@{stage.local.world.bot['id']}> listen")
    stage.ada.say(stage.local.world.dm_with(stage.ada.user), "in private")
    await stage.local.hub.until(lambda: len(stage.parrot.heard) >= 3)
    assert [heard.content for heard in stage.parrot.heard] == [
        "",
        f"<@{stage.local.world.bot['id']}> listen",
        "in private",
    ]


async def test_a_form_is_filled_in(stage: Stage) -> None:
    opened = await stage.ada.slash(stage.channel, "form")
    assert opened.modal is not None
    label = opened.modal["components"][0]
    field = label["component"]
    sent = {"type": 18, "id": 1, "component": {"type": 4, "id": 2, "custom_id": field["custom_id"], "value": "hi"}}
    submitted = await stage.ada.submit(opened, [sent])
    assert submitted.message is not None
    assert submitted.message["content"] == "you wrote hi"


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        (Permission.VIEW_CHANNEL, 50001),
        (Permission.SEND_MESSAGES, 50013),
        (Permission.ATTACH_FILES, 50013),
        (Permission.EMBED_LINKS, 50013),
    ],
)
async def test_channel_permissions_are_enforced(stage: Stage, missing: Permission, code: int) -> None:
    here = stage.here
    guild = next(iter(stage.local.world.guilds.values()))
    stage.channel["permission_overwrites"] = [{"id": guild["id"], "type": 0, "allow": "0", "deny": str(int(missing))}]
    with pytest.raises(discord.Forbidden) as refusal:
        await here.send("x", embed=discord.Embed(title="x"), file=discord.File(io.BytesIO(b"x"), "x.txt"))
    assert refusal.value.code == code
    stage.channel["permission_overwrites"].append(
        {"id": stage.local.world.bot["id"], "type": 1, "allow": str(int(missing)), "deny": "0"}
    )
    await here.send("x", embed=discord.Embed(title="x"), file=discord.File(io.BytesIO(b"x"), "x.txt"))


async def test_dms_that_are_closed_or_to_strangers(stage: Stage) -> None:
    user = await stage.parrot.fetch_user(int(stage.ada.id))
    stage.local.world.closed_dms.add(stage.ada.id)
    with pytest.raises(discord.Forbidden) as refusal:
        await user.send("x")
    assert refusal.value.code == 50007
    stranger = await stage.parrot.fetch_user(int(stage.local.world.add_user("Eve")["id"]))
    with pytest.raises(discord.Forbidden) as refusal:
        await stranger.send("x")
    assert refusal.value.code == 50278


async def test_a_file_that_an_embed_shows_is_no_attachment_and_files_have_ranges(stage: Stage) -> None:
    files = [discord.File(io.BytesIO(b"0123456789"), name) for name in ("cover.png", "song.mp3")]
    embed = discord.Embed(title="x").set_thumbnail(url="attachment://cover.png")
    sent = await stage.here.send(embed=embed, files=files)
    assert [attachment.filename for attachment in sent.attachments] == ["song.mp3"]
    assert sent.embeds[0].thumbnail.url is not None
    assert "/cover.png?ex=" in sent.embeds[0].thumbnail.url
    wanted = {"Range": "bytes=2-4"}
    async with aiohttp.ClientSession() as session, session.get(sent.attachments[0].url, headers=wanted) as part:
        assert (part.status, await part.read()) == (206, b"234")
        assert part.headers["Content-Range"] == "bytes 2-4/10"


async def test_a_v2_message_cannot_go_back(stage: Stage) -> None:
    view = discord.ui.LayoutView()
    view.add_item(discord.ui.TextDisplay("x"))
    sent = await stage.here.send(view=view)
    with pytest.raises(discord.HTTPException):
        await sent.edit(content="x", view=None)


async def test_a_rate_limit_is_waited_for(stage: Stage) -> None:
    stage.local.faults.rate_limit("/messages", 0.05)
    await stage.here.send("x")
    assert [request.status for request in stage.local.requests[-2:]] == [429, 200]


async def test_a_dropped_socket_comes_back(stage: Stage) -> None:
    await stage.local.sockets.drop()
    await stage.local.hub.until(lambda: not stage.local.hub.online)
    await stage.local.hub.until(lambda: stage.local.hub.online, 15)


async def test_commands_that_are_not_on_offer_cannot_be_used(stage: Stage) -> None:
    command = stage.local.world.commands[0]
    command["default_member_permissions"] = str(int(Permission.MANAGE_GUILD))
    ben = stage.local.world.add_user("Ben")
    stage.local.world.add_member(next(iter(stage.local.world.guilds.values())), ben)
    with pytest.raises(ApiError):
        await stage.local.person(ben).run(stage.channel, command, {})


async def test_hikari_answers_a_command_with_a_file() -> None:
    """In an environment of its own, which `make test` sets up."""
    assert HIKARI.exists(), "make .venv/dev.stamp installs it"
    local = LocalDiscord(token=TOKEN)
    ada = local.world.add_user("Ada")
    channel = local.world.add_channel(local.world.add_guild("Studio", owner=ada), "songs")
    async with local:
        script = str(Path(__file__).with_name("hikari_bot.py"))
        bot = await asyncio.create_subprocess_exec(HIKARI, script, local.url, TOKEN, local.world.bot["id"])
        try:
            await local.hub.until(lambda: local.hub.online and bool(local.world.commands), 30)
            asked = await local.person(ada).slash(channel, "play")
            await local.hub.until(lambda: not asked.thinking)
        finally:
            bot.terminate()
            await bot.wait()
    assert asked.message is not None
    assert asked.message["content"] == "here"
    assert asked.message["attachments"][0]["filename"] == "song.mp3"
    assert components(asked.message) == []


def test_discord_py_still_has_what_the_redirect_sets() -> None:
    before = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY, discord.asset.Asset.BASE
    with redirected("http://127.0.0.1:1"):
        assert discord.http.Route.BASE == "http://127.0.0.1:1/api/v10"
    assert before == (
        discord.http.Route.BASE,
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY,
        discord.asset.Asset.BASE,
    )


async def test_a_channel_that_the_bot_may_not_view_is_hidden_from_it(stage: Stage) -> None:
    guild = stage.parrot.guilds[0]
    everyone = next(iter(stage.local.world.guilds.values()))["roles"][0]
    stage.local.changes.override(stage.channel, everyone, deny=Permission.VIEW_CHANNEL | Permission.ATTACH_FILES)
    await stage.local.hub.until(lambda: stage.here.name == "___hidden___")
    assert stage.here.overwrites == {guild.default_role: discord.PermissionOverwrite(view_channel=False)}
    stage.local.changes.override(stage.channel, everyone)
    await stage.local.hub.until(lambda: stage.here.name == "songs")


async def test_locked_and_archived_threads(stage: Stage) -> None:
    thread = stage.local.changes.add_thread(stage.channel, "takes")
    await stage.local.hub.until(lambda: stage.here.threads)
    there = stage.here.threads[0]
    message = await there.send("still open")
    stage.local.changes.lock(thread)
    with pytest.raises(discord.HTTPException) as refusal:
        await there.send("x")
    assert refusal.value.code == 160005
    stage.local.changes.archive(thread, locked=True)
    for attempt in (there.send("x"), message.edit(content="x")):
        with pytest.raises(discord.HTTPException) as refusal:
            await attempt
        assert refusal.value.code == 50083


async def test_an_answer_in_a_thread_that_was_archived_cannot_be_edited(stage: Stage) -> None:
    stage.channel = stage.local.changes.add_thread(stage.channel, "takes")
    interaction = await stage.late()
    await interaction.response.defer()
    await stage.asked
    stage.local.changes.archive(stage.channel, locked=False)
    with pytest.raises(discord.HTTPException) as refusal:
        await interaction.edit_original_response(content="x")
    assert refusal.value.code == 50083


async def test_a_private_thread_is_there_for_its_members_alone(stage: Stage) -> None:
    thread = stage.local.changes.add_thread(stage.channel, "secret", stage.ada.user)
    unseen = stage.parrot.get_partial_messageable(int(thread["id"]))
    with pytest.raises(discord.Forbidden) as refusal:
        await unseen.send("x")
    assert refusal.value.code == 50001
    stage.ada.say(thread, f"<@{stage.local.world.bot['id']}> come in")
    await stage.local.hub.until(lambda: stage.here.threads)
    await unseen.send("x")


async def test_a_reply_needs_the_history(stage: Stage) -> None:
    message = await stage.here.send("x")
    everyone = next(iter(stage.local.world.guilds.values()))["roles"][0]
    stage.local.changes.override(stage.channel, everyone, deny=Permission.READ_MESSAGE_HISTORY)
    with pytest.raises(discord.HTTPException) as refusal:
        await message.reply("y")
    assert (refusal.value.status, refusal.value.code) == (400, 160002)


async def test_automod_reads_embeds_and_buttons(stage: Stage) -> None:
    (guild_id,) = stage.local.world.guilds
    stage.local.world.blocked_words[guild_id].add("forbidden")
    stage.local.world.harmful_links.add("evil.example")
    view = discord.ui.View()
    view.add_item(discord.ui.Button(label="x", url="https://evil.example/x"))
    refused: list[tuple[int, dict[str, Any]]] = [
        (200000, {"content": "Forbidden words"}),
        (200000, {"embed": discord.Embed(description="forbidden")}),
        (240000, {"view": view}),
    ]
    for code, content in refused:
        with pytest.raises(discord.HTTPException) as refusal:
            await stage.here.send(**content)
        assert refusal.value.code == code


async def test_a_timed_out_bot_posts_nothing(stage: Stage) -> None:
    guild = next(iter(stage.local.world.guilds.values()))
    stage.local.changes.time_out(guild, stage.local.world.bot, stage.clock.now + 60)
    with pytest.raises(discord.Forbidden):
        await stage.here.send("x")
    stage.clock.now += 61
    await stage.here.send("x")


async def test_user_installs_answer_privately_without_use_external_apps(stage: Stage) -> None:
    world = stage.local.world
    guild = next(iter(world.guilds.values()))
    ben = world.add_user("Ben")
    world.add_member(guild, ben)
    world.installed_by.add(ben["id"])
    stage.local.changes.remove_bot(guild)
    world.commands[0]["integration_types"] = [1]
    guild["roles"][0]["permissions"] = str(int(guild["roles"][0]["permissions"]) & ~Permission.USE_EXTERNAL_APPS)
    stage.ada = stage.local.person(ben)
    interaction = await stage.late()
    await interaction.response.send_message("aloud")
    assert (await stage.asked).ephemeral


async def test_addresses_of_files_expire_and_a_message_read_again_has_new_ones(stage: Stage) -> None:
    sent = await stage.here.send(file=discord.File(io.BytesIO(b"x"), "song.mp3"))

    async def status(url: str) -> int:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status

    old = sent.attachments[0].url
    assert await status(old) == 200
    assert await status(old.partition("?")[0]) == 404
    stage.clock.now += 86_401
    assert await status(old) == 404
    assert await status((await stage.here.fetch_message(sent.id)).attachments[0].url) == 200


async def test_rates_are_limited_with_headers_and_429(stage: Stage) -> None:
    address = f"{stage.local.url}/api/v10/channels/{stage.channel['id']}/messages"
    headers = {"Authorization": f"Bot {TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        answers = [await session.post(address, json={"content": "x"}) for _ in range(6)]
        assert [each.status for each in answers] == [200] * 5 + [429]
        assert [each.headers["X-RateLimit-Remaining"] for each in answers[:5]] == ["4", "3", "2", "1", "0"]
        limit = await answers[5].json()
        stage.clock.now += limit["retry_after"]
        assert (await session.post(address, json={"content": "x"})).status == 200
    assert 0 < limit["retry_after"] <= 5


async def test_the_bots_own_permissions_are_told_of_a_channel_that_is_chosen(stage: Stage) -> None:
    resolved = stage.ada.resolve(stage.channel["id"], stage.channel)
    assert int(resolved["channels"][stage.channel["id"]]["app_permissions"]) & Permission.SEND_MESSAGES
