"""The notifier's port to Discord: messages leave here, and Discord's errors become ours."""

import logging
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

import aiohttp
import discord
from msgspec.structs import replace

from bot.client import SunoBot
from bot.domain.delivery import Topic
from bot.errors import PostBlocked, PostClosed, PostError, PostLater, PostRefused, PostTooLarge, RecipientClosed
from bot.services.clock import Clock
from bot.services.notifier import Post
from bot.services.recordings import Recording
from bot.storage.outbox import LiveCard, Owed
from bot.ui.cards import MAX_REQUEST, Card, fitting
from bot.ui.locales import Language, language_for
from bot.ui.permissions import missing_in, silent_in
from bot.ui.posts import digest, live_card, post_card

_CLOCKS_AGREE = 60.0  # seconds that Discord's clock differs from ours at most, where all is well
_CLOCKS_APART = 4_000.0  # seconds that it may differ: an hour, where summer is set by hand
_LOOKED_THROUGH = 1_000  # messages of a channel on either side, for one that may have arrived
_MAX_CONTENT = 2_000  # characters
_MOST_MENTIONS = 100  # in a message
_DAY = 86_400.0  # seconds for which it is remembered how much a place takes: what refused it may have passed
_TIERS = tuple(mib * 1024 * 1024 for mib in (50, 20, 10, 8))  # limits that Discord has or had, in bytes
_INVALID_FORM, _UNKNOWN_MESSAGE = 50035, 10008
_DELETED = 0  # in place of the id of a message that arrived and is gone
_COURSES: dict[int, type[PostError]] = {
    50001: PostBlocked,  # missing access
    50013: PostBlocked,  # missing permissions
    50083: PostBlocked,  # a thread that is archived, and locked
    10003: PostClosed,  # unknown channel
    10004: PostClosed,  # unknown guild
    50007: RecipientClosed,  # takes no DM
    50278: RecipientClosed,  # no server in common
    40005: PostTooLarge,
}

log = logging.getLogger(__name__)


class DiscordPoster:
    """`upload_limit`: bytes a file where Discord does not say; what Discord refuses is learned downwards."""

    def __init__(self, bot: SunoBot, upload_limit: int, clock: Clock) -> None:
        self._bot = bot
        self._upload_limit = upload_limit
        self._clock = clock
        self._learned: dict[int, tuple[int, float]] = {}  # bytes a file, and until when, by server; 0: DMs

    def limit(self, owed: Owed) -> int:
        guild = self._bot.get_guild(_server(owed))
        most = max(self._upload_limit, guild.filesize_limit) if guild else self._upload_limit
        learned, until = self._learned.get(_server(owed), (MAX_REQUEST, 0.0))
        return min(most, MAX_REQUEST, learned if self._clock.now() < until else MAX_REQUEST)

    def fits(self, recordings: Sequence[Recording]) -> int:
        return fitting(recordings)

    async def post(self, post: Post) -> int:
        owed = post.owed
        place = self._place(owed)
        missing = {each.permission for each in missing_in(place)} if place else set()
        if place and (silent := silent_in(place)):
            raise PostBlocked("the bot may not speak there", silent)
        in_public = owed.delivery.to_managers or owed.delivery.channel_id == owed.watch.channel_id
        language = language_for(owed.watch.locale if in_public else owed.watch.user_locale)
        card = _allowed(post_card(post, language, self.limit(owed)), missing, language)
        reply = owed.card_id if "read_message_history" not in missing else None
        for form in (card, _without_embeds(card)):
            try:
                return await self._send(owed, form, reply)
            except PostRefused as refused:
                if not _is_invalid_form(refused):
                    raise
                log.warning("delivery %s is tried in a simpler form: %s", owed.delivery.id, refused)
        return await self._send(owed, _plain(card, owed.delivery.id), None)

    def _place(self, owed: Owed) -> discord.abc.GuildChannel | discord.Thread | None:
        """Where it goes, as far as it is known here; None for a DM. Raises PostClosed when the bot was removed."""
        if owed.watch.guild_id is None or owed.delivery.channel_id != owed.watch.channel_id:
            return None
        guild = self._bot.get_guild(owed.watch.guild_id)
        if guild is None:
            raise PostClosed("the bot is no longer in that server")
        return None if guild.unavailable else guild.get_channel_or_thread(owed.delivery.channel_id)

    async def _send(self, owed: Owed, card: Card, reply: int | None) -> int:
        try:
            async with _errors():
                message = await self._channel(owed).send(**_content(card, owed, reply))
        except PostTooLarge:
            self._learn(owed, card)
            raise
        except PostError as failure:
            cause = failure.__cause__
            if isinstance(cause, discord.HTTPException) and cause.code == _UNKNOWN_MESSAGE:
                return _DELETED
            raise
        return message.id

    def _channel(self, owed: Owed) -> discord.PartialMessageable:
        return self._bot.get_partial_messageable(owed.delivery.channel_id)

    def _learn(self, owed: Owed, card: Card) -> None:
        """From a message with files; of one without, nothing can be left out."""
        if largest := max((upload.media.size for upload in card.uploads), default=0):
            below = next((tier for tier in _TIERS if tier < largest), largest * 3 // 4)
            self._learned[_server(owed)] = below, self._clock.now() + _DAY
            log.info("Discord takes no file of %d bytes in server %d", largest, _server(owed))

    async def find(self, owed: Owed) -> int | None:
        """Where it is if the clocks agree; before that, the nearest first, as it is if ours is or was fast.

        Without Read Message History Discord shows an empty history: what is not found there is posted again.
        """
        self._place(owed)  # of a server that the bot was removed from, Discord only says that it has no access
        tried_at = owed.tried_at or 0.0
        near = datetime.fromtimestamp(tried_at - _CLOCKS_AGREE, UTC)
        far = datetime.fromtimestamp(tried_at - _CLOCKS_APART, UTC)
        channel = self._channel(owed)
        async with _errors():
            for history in (
                channel.history(limit=_LOOKED_THROUGH, after=near, oldest_first=True),
                channel.history(limit=_LOOKED_THROUGH, before=near, after=far, oldest_first=False),
            ):
                async for message in history:
                    if message.author == self._bot.user and _is_of(message, owed.delivery.id):
                        return message.id
        return None

    async def direct(self, user_id: int) -> int:
        async with _errors():
            return (await self._bot.create_dm(discord.Object(user_id))).id

    def card(self, card: LiveCard) -> str:
        return digest(live_card(card, language_for(card.watch.locale)))

    async def show(self, card: LiveCard) -> None:
        looks = live_card(card, language_for(card.watch.locale))
        message = self._bot.get_partial_messageable(card.watch.channel_id).get_partial_message(card.message_id)
        async with _errors():
            await message.edit(content=looks.content, embeds=looks.embeds, view=looks.view())


def _server(owed: Owed) -> int:
    """Where the message goes; 0: into a DM, perhaps because its place is gone."""
    return owed.watch.guild_id or 0 if owed.delivery.channel_id == owed.watch.channel_id else 0


def _allowed(card: Card, missing: Collection[str], language: Language) -> Card:
    """Without what the bot may not send there; its links stay."""
    if "attach_files" in missing and card.uploads:
        embeds = [embed.copy().set_thumbnail(url=None) for embed in card.embeds]
        card = replace(card, uploads=(), embeds=embeds, content=f"{card.content}\n{language('post.no_files')}")
    return _without_embeds(card) if "embed_links" in missing else card


def _without_embeds(card: Card) -> Card:
    """Covers are shown by embeds alone."""
    return replace(card, embeds=(), uploads=[upload for upload in card.uploads if upload.description is None])


def _plain(card: Card, delivery_id: str) -> Card:
    """Words, and the button by which it is found again."""
    return replace(card, embeds=(), uploads=(), buttons=[each for each in card.buttons if _carries(each, delivery_id)])


def _is_invalid_form(refused: PostRefused) -> bool:
    return isinstance(refused.__cause__, discord.HTTPException) and refused.__cause__.code == _INVALID_FORM


def _content(card: Card, owed: Owed, reply: int | None) -> dict[str, Any]:
    sentences = card.content[:_MAX_CONTENT]
    mentions = _fitting(card.mentions, _MAX_CONTENT - len(sentences))
    content: dict[str, Any] = {
        "content": " ".join((*mentions, sentences)),
        "embeds": card.embeds,
        "files": card.files(),
        "nonce": owed.delivery.id,
        # Nobody else is notified, whatever a title says.
        "allowed_mentions": discord.AllowedMentions(
            everyone=False,
            users=[discord.Object(mention.strip("<@>")) for mention in mentions if "&" not in mention],
            roles=[discord.Object(mention.strip("<@&>")) for mention in mentions if "&" in mention],
        ),
    }
    if view := card.view():
        content["view"] = view
    if reply and owed.delivery.topic is not Topic.LIVE and owed.delivery.channel_id == owed.watch.channel_id:
        content["reference"] = discord.MessageReference(
            message_id=reply, channel_id=owed.delivery.channel_id, fail_if_not_exists=False
        )
    return content


def _fitting(mentions: Sequence[str], room: int) -> Sequence[str]:
    """Those, from the first, that go before the sentences; `room`: characters for them and the spaces between."""
    ends = accumulate(len(mention) + 1 for mention in mentions[:_MOST_MENTIONS])
    return mentions[: sum(end <= room for end in ends)]


def _is_of(message: discord.Message, delivery_id: str) -> bool:
    return any(_carries(item, delivery_id) for row in message.components for item in getattr(row, "children", ()))


def _carries(item: object, delivery_id: str) -> bool:
    return f":{delivery_id}:" in (getattr(item, "custom_id", None) or "")


@asynccontextmanager
async def _errors() -> AsyncIterator[None]:
    try:
        yield
    except discord.RateLimited as error:
        raise PostLater("Discord asks for patience", error.retry_after) from error
    except discord.HTTPException as error:
        raise _course(error) from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise PostLater(f"Discord cannot be reached: {type(error).__name__}") from error


def _course(error: discord.HTTPException) -> PostError:
    words = f"{error.status} {error.code} {error.text}"
    if found := _COURSES.get(error.code):
        return found(words)
    if error.status == 413:
        return PostTooLarge(words)
    if error.status in (401, 429) or error.status >= 500:
        return PostLater(words)
    if error.status == 403 and not error.code:  # not of Discord, but of something in front of it
        return PostLater(words)
    return PostRefused(words)
