"""Where an answer goes: to a command or a button, or to a text that somebody wrote."""

from collections.abc import Sequence
from typing import Protocol

import discord

from bot.client import Interaction, Services, SunoBot
from bot.ui.cards import MAX_REQUEST, Card
from bot.ui.locales import Language
from bot.ui.readers import reader


class Reply(Protocol):
    """`person`: who asked, as a Discord id. `limit`: bytes a file, as Discord says it there.

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
    def limit(self) -> int: ...
    @property
    def files(self) -> Sequence[discord.Attachment]: ...
    @property
    def shown(self) -> Card | None: ...
    async def send(self, cards: Sequence[Card]) -> None: ...


class InteractionReply:
    """To a command or a button that was deferred."""

    def __init__(self, interaction: Interaction, language: Language | None = None) -> None:
        self._interaction = interaction
        self.services = interaction.client.services
        self.language = language or reader(interaction)
        self.person = interaction.user.id
        self.limit = min(interaction.filesize_limit or self.services.upload_limit, MAX_REQUEST)
        replaced = interaction.response.type is discord.InteractionResponseType.deferred_message_update
        self.files = interaction.message.attachments if replaced and interaction.message else []
        self.shown: Card | None = None
        self.public = False  # once it is there, for all who are there

    async def send(self, cards: Sequence[Card]) -> None:
        first, *others = cards
        missing = discord.utils.MISSING
        original = await self._interaction.edit_original_response(
            content=first.content,
            embeds=missing if first.leaves else first.embeds,
            attachments=missing if first.leaves else [*first.kept, *first.files()],
            view=first.view(),
        )
        self.shown, self.public = first, not original.flags.ephemeral
        for card in others:
            await self._interaction.followup.send(
                card.content,
                embeds=card.embeds,
                files=card.files(),
                view=card.view() or discord.utils.MISSING,
                ephemeral=original.flags.ephemeral,
            )


class MessageReply:
    """To a message in a DM, or to one that calls the bot."""

    def __init__(self, message: discord.Message, bot: SunoBot, language: Language) -> None:
        self._message = message
        self._sent: discord.Message | None = None
        self.services = bot.services
        self.language = language
        self.person = message.author.id
        guild_limit = message.guild.filesize_limit if message.guild else 0
        self.limit = min(max(guild_limit, self.services.upload_limit), MAX_REQUEST)
        self.files: Sequence[discord.Attachment] = ()  # an answer of its own
        self.shown: Card | None = None

    async def send(self, cards: Sequence[Card]) -> None:
        first, *others = cards
        if self._sent:
            await self._sent.edit(
                content=first.content, embeds=first.embeds, attachments=first.files(), view=first.view()
            )
        else:
            self._sent = await self._post(first)
        self.shown = first
        for card in others:
            await self._post(card)

    async def _post(self, card: Card) -> discord.Message:
        view = card.view() or discord.utils.MISSING
        return await self._message.reply(
            card.content, embeds=card.embeds, files=card.files(), view=view, mention_author=False
        )
