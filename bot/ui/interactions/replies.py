"""Where an answer goes: to a command or a button, or to a text that somebody wrote."""

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any, Protocol

import discord

from bot.client import Interaction, Services, SunoBot
from bot.domain.post_failures import Part, suspects
from bot.ui.interactions.access import reader
from bot.ui.interactions.permissions import Speakable, missing_in
from bot.ui.render.cards import MAX_REQUEST, Card
from bot.ui.render.fallbacks import allowed, in_some_form
from bot.ui.render.locales import Language

_UPLOAD_PATIENCE = 60.0  # seconds


class Reply(Protocol):
    """`person`: who asked, as a Discord id. `guild_id`: the server that the answer is seen in; None: in a DM, or where
    the bot is no member. `limit`: bytes a file, as Discord says it there.

    Sent again, what was sent first is replaced.

    `files`: those of the message that is replaced. `shown`: what stands there by now, if it was sent from here.
    """

    @property
    def services(self) -> Services: ...
    @property
    def language(self) -> Language: ...
    @property
    def person(self) -> int: ...
    @property
    def guild_id(self) -> int | None: ...
    @property
    def limit(self) -> int: ...
    @property
    def files(self) -> Sequence[discord.Attachment]: ...
    @property
    def shown(self) -> Card | None: ...
    async def send(self, cards: Sequence[Card]) -> None: ...


class TitledView(Protocol):
    def __call__(self, *, titled: bool) -> discord.ui.LayoutView: ...


class InteractionReply:
    """To a command or a button that was deferred."""

    def __init__(self, interaction: Interaction, language: Language | None = None) -> None:
        self._interaction = interaction
        self.services = interaction.client.services
        self.language = language or reader(interaction)
        self.person = interaction.user.id
        guild = interaction.client.get_guild(interaction.guild_id or 0)
        self.guild_id = guild.id if guild else None
        self.limit = min(interaction.filesize_limit or self.services.upload_limit, MAX_REQUEST)
        replaced = interaction.response.type is discord.InteractionResponseType.deferred_message_update
        self.files = interaction.message.attachments if replaced and interaction.message else []
        self.shown: Card | None = None
        self.public = False  # once it is there, for all who are there

    async def send(self, cards: Sequence[Card]) -> None:
        first, *others = cards
        original = await in_some_form(self._edit, first, self.language)
        self.shown, self.public = first, not original.flags.ephemeral
        follow_up = partial(self._follow_up, ephemeral=original.flags.ephemeral)
        for card in others:
            await in_some_form(follow_up, card, self.language)

    async def _edit(self, card: Card, _omitted: AbstractSet[Part]) -> discord.InteractionMessage:
        missing = discord.utils.MISSING
        async with _patience(card):
            return await self._interaction.edit_original_response(
                content=card.content,
                embeds=missing if card.leaves else card.embeds,
                attachments=missing if card.leaves else [*card.kept, *card.files()],
                view=card.view(),
            )

    async def _follow_up(self, card: Card, _omitted: AbstractSet[Part], *, ephemeral: bool) -> None:
        view = card.view() or discord.utils.MISSING
        async with _patience(card):
            await self._interaction.followup.send(
                card.content, embeds=card.embeds, files=card.files(), view=view, ephemeral=ephemeral
            )


class MessageReply:
    """To a message in a DM, or to one that calls the bot."""

    def __init__(self, message: discord.Message, bot: SunoBot, language: Language) -> None:
        self._message = message
        self._sent: discord.Message | None = None
        self.services = bot.services
        self.language = language
        self.person = message.author.id
        self.guild_id = message.guild.id if message.guild else None
        guild_limit = message.guild.filesize_limit if message.guild else 0
        self.limit = min(max(guild_limit, self.services.upload_limit), MAX_REQUEST)
        self.files: Sequence[discord.Attachment] = ()  # an answer of its own
        self.shown: Card | None = None

    async def send(self, cards: Sequence[Card]) -> None:
        first, *others = (allowed(card, missing_here(self._message), self.language) for card in cards)
        if self._sent:
            await in_some_form(partial(self._edit, self._sent), first, self.language)
        else:
            self._sent = await in_some_form(self._post, first, self.language, reply=True)
        self.shown = cards[0]
        for card in others:
            await in_some_form(self._post, card, self.language, reply=True)

    async def _edit(self, sent: discord.Message, card: Card, _omitted: AbstractSet[Part]) -> None:
        async with _patience(card):
            await sent.edit(content=card.content, embeds=card.embeds, attachments=card.files(), view=card.view())

    async def _post(self, card: Card, omitted: AbstractSet[Part]) -> discord.Message:
        view = card.view() or discord.utils.MISSING
        content = {"content": card.content, "embeds": card.embeds, "files": card.files(), "view": view}
        async with _patience(card):
            return await answer_to(self._message, reply=Part.REPLY not in omitted, **content)


async def show_list(interaction: Interaction, view: TitledView) -> None:
    """`view`: makes it with titles or, where the server's AutoMod blocks one of them, with ids alone."""
    try:
        await interaction.edit_original_response(view=view(titled=True))
    except discord.HTTPException as error:
        if Part.LYRICS_AND_LINKS not in suspects(error.code):
            raise
        await interaction.edit_original_response(view=view(titled=False))


def missing_here(message: discord.Message) -> frozenset[str]:
    """What the bot may not do where somebody wrote to it."""
    place = message.channel
    return frozenset(each.permission for each in missing_in(place)) if isinstance(place, Speakable) else frozenset()


async def answer_to(message: discord.Message, *, reply: bool = True, **content: Any) -> discord.Message:
    """To what somebody wrote: as a reply where the bot may read the history, which Discord wants for that."""
    if reply and "read_message_history" not in missing_here(message):
        return await message.reply(mention_author=False, **content)
    return await message.channel.send(**content)


def _patience(card: Card) -> asyncio.Timeout:
    """A proxy of Discord's that gives up on files may take a minute for each of discord.py's tries."""
    return asyncio.timeout(_UPLOAD_PATIENCE if card.uploads else None)
