"""Sends answers: to a command or a button, or to a message that somebody wrote."""

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any, Protocol

import discord

from bot.client import Interaction, Services, SunoBot
from bot.domain.discord_errors import MessagePart, suspects
from bot.domain.library import PostedAt
from bot.ui.interactions.access import guild_of, language_of
from bot.ui.interactions.permissions import Postable, missing_in
from bot.ui.interactions.places import place_in
from bot.ui.render.cards import MAX_REQUEST, Card
from bot.ui.render.fallbacks import allowed, send_with_fallbacks
from bot.ui.render.locales import Language

_UPLOAD_TIMEOUT = 60.0  # seconds


class Reply(Protocol):
    """`person`: the Discord id of who asked; `channel_id`: where.

    `guild_id`: the server that the answer is seen in; None: in a DM, or where the bot is no member. `limit`: bytes a
    file, as Discord states it for that channel. `files`: attachments of the message that will be replaced. `shown`: the
    card that this reply has sent last; `places`: where its messages are, one for each card.

    A second `send` replaces the first.
    """

    @property
    def services(self) -> Services: ...
    @property
    def language(self) -> Language: ...
    @property
    def person(self) -> int: ...
    @property
    def channel_id(self) -> int: ...
    @property
    def guild_id(self) -> int | None: ...
    @property
    def limit(self) -> int: ...
    @property
    def files(self) -> Sequence[discord.Attachment]: ...
    @property
    def shown(self) -> Card | None: ...
    @property
    def places(self) -> Sequence[PostedAt]: ...
    async def send(self, cards: Sequence[Card]) -> None: ...


class TitledView(Protocol):
    def __call__(self, *, titled: bool) -> discord.ui.LayoutView: ...


class InteractionReply:
    """To a command or a button that was deferred."""

    def __init__(self, interaction: Interaction, language: Language | None = None) -> None:
        self._interaction = interaction
        self.services = interaction.client.services
        self.language = language or language_of(interaction)
        self.person = interaction.user.id
        self.channel_id = interaction.channel_id or 0
        guild = guild_of(interaction)
        self.guild_id = guild.id if guild else None
        self.limit = min(interaction.filesize_limit or self.services.upload_limit, MAX_REQUEST)
        replaced = interaction.response.type is discord.InteractionResponseType.deferred_message_update
        self.files = interaction.message.attachments if replaced and interaction.message else []
        self.shown: Card | None = None
        self.places: list[PostedAt] = []
        self.public = False  # set by `send`: whether everyone in the channel sees it

    async def send(self, cards: Sequence[Card]) -> None:
        first, *others = cards
        original = await send_with_fallbacks(self._edit, first, self.language)
        self.shown, self.public = first, not original.flags.ephemeral
        self.places = [self._place(original)]
        follow_up = partial(self._follow_up, ephemeral=original.flags.ephemeral)
        for card in others:
            self.places.append(self._place(await send_with_fallbacks(follow_up, card, self.language)))

    def _place(self, message: discord.Message) -> PostedAt:
        """What others cannot see is found by the person alone; of what the bot cannot read again, no id is kept."""
        guild = guild_of(self._interaction)
        channel_id = self._interaction.channel_id or 0
        if guild and self.public:
            return place_in(guild, channel_id, message.id)
        readable = self.public and isinstance(self._interaction.channel, discord.DMChannel)
        return PostedAt(
            guild_id=guild.id if guild else 0,
            channel_id=channel_id,
            parent_id=0,
            message_id=message.id if readable else 0,
            owner_id=self.person,
        )

    async def _edit(self, card: Card, _omitted: AbstractSet[MessagePart]) -> discord.InteractionMessage:
        missing = discord.utils.MISSING
        async with _upload_timeout(card):
            return await self._interaction.edit_original_response(
                content=card.content,
                embeds=missing if card.keeps_media else card.embeds,
                attachments=missing if card.keeps_media else [*card.kept, *card.files()],
                view=card.view(),
            )

    async def _follow_up(self, card: Card, _omitted: AbstractSet[MessagePart], *, ephemeral: bool) -> discord.Message:
        view = card.view() or discord.utils.MISSING
        async with _upload_timeout(card):
            return await self._interaction.followup.send(
                card.content, embeds=card.embeds, files=card.files(), view=view, ephemeral=ephemeral, wait=True
            )


class MessageReply:
    """To a message in a DM, or to one that mentions the bot."""

    def __init__(self, message: discord.Message, bot: SunoBot, language: Language) -> None:
        self._message = message
        self._sent: discord.Message | None = None
        self.services = bot.services
        self.language = language
        self.person = message.author.id
        self.channel_id = message.channel.id
        self.guild_id = message.guild.id if message.guild else None
        guild_limit = message.guild.filesize_limit if message.guild else 0
        self.limit = min(max(guild_limit, self.services.upload_limit), MAX_REQUEST)
        self.files: Sequence[discord.Attachment] = ()  # an answer of its own
        self.shown: Card | None = None
        self.places: list[PostedAt] = []

    async def send(self, cards: Sequence[Card]) -> None:
        first, *others = (allowed(card, missing_for_answer(self._message), self.language) for card in cards)
        if self._sent:
            await send_with_fallbacks(partial(self._edit, self._sent), first, self.language)
        else:
            self._sent = await send_with_fallbacks(self._post, first, self.language, reply=True)
        self.shown = cards[0]
        self.places = [self._place(self._sent)]
        for card in others:
            self.places.append(self._place(await send_with_fallbacks(self._post, card, self.language, reply=True)))

    def _place(self, sent: discord.Message) -> PostedAt:
        channel_id, guild = sent.channel.id, self._message.guild
        if guild:
            return place_in(guild, channel_id, sent.id)
        return PostedAt(channel_id=channel_id, parent_id=0, message_id=sent.id, owner_id=self.person)

    async def _edit(self, sent: discord.Message, card: Card, _omitted: AbstractSet[MessagePart]) -> None:
        async with _upload_timeout(card):
            await sent.edit(content=card.content, embeds=card.embeds, attachments=card.files(), view=card.view())

    async def _post(self, card: Card, omitted: AbstractSet[MessagePart]) -> discord.Message:
        view = card.view() or discord.utils.MISSING
        content = {"content": card.content, "embeds": card.embeds, "files": card.files(), "view": view}
        async with _upload_timeout(card):
            return await answer_to(self._message, reply=MessagePart.REPLY not in omitted, **content)


async def show_list(interaction: Interaction, view: TitledView) -> None:
    """`view`: renders the list with titles or, where the server's AutoMod blocks one of them, with ids alone."""
    try:
        await interaction.edit_original_response(view=view(titled=True))
    except discord.HTTPException as error:
        if MessagePart.LYRICS_AND_LINKS not in suspects(error.code):
            raise
        await interaction.edit_original_response(view=view(titled=False))


async def send_list(interaction: Interaction, view: TitledView) -> None:
    """The same as a message of its own, after the answer, for everybody who can read the channel."""
    try:
        await interaction.followup.send(view=view(titled=True), ephemeral=False)
    except discord.HTTPException as error:
        if MessagePart.LYRICS_AND_LINKS not in suspects(error.code):
            raise
        await interaction.followup.send(view=view(titled=False), ephemeral=False)


def missing_for_answer(message: discord.Message) -> frozenset[str]:
    """The permissions that the bot is missing in the message's channel."""
    channel = message.channel
    return frozenset(each.permission for each in missing_in(channel)) if isinstance(channel, Postable) else frozenset()


async def answer_to(message: discord.Message, *, reply: bool = True, **content: Any) -> discord.Message:
    """As a reply if the bot may read the message history, which Discord requires for replies; else as a message."""
    if reply and "read_message_history" not in missing_for_answer(message):
        return await message.reply(mention_author=False, **content)
    return await message.channel.send(**content)


def _upload_timeout(card: Card) -> asyncio.Timeout:
    """Without it each of discord.py's retries may take a minute if Discord's proxy gives up on the files."""
    return asyncio.timeout(_UPLOAD_TIMEOUT if card.uploads else None)
