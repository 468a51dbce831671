"""The notifier's port to Discord: messages leave here, and Discord's errors become ours."""

import logging
from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

import aiohttp
import discord

from bot.client import SunoBot
from bot.domain.delivery import NOTICES, Topic
from bot.domain.outbox import ClaimedDelivery, LiveCard
from bot.domain.post_failures import Meaning, Part, meaning
from bot.domain.watch import Watch
from bot.errors import PostError
from bot.services.clip_files import ClipFile
from bot.services.clock import Clock
from bot.services.delivery.port import Post
from bot.ui.interactions.permissions import TO_SPEAK, is_hidden, missing_in
from bot.ui.outgoing.forums import carries, find_post, open_post, post_name, reopen, style_of
from bot.ui.render.cards import MAX_REQUEST, Card, fitting
from bot.ui.render.fallbacks import allowed, parts_of, without
from bot.ui.render.locales import Language, language_for
from bot.ui.render.offers import with_offer
from bot.ui.render.posts import digest, live_card, post_card

_CLOCKS_AGREE = 60.0  # seconds that Discord's clock differs from ours at most, where all is well
_CLOCKS_APART = 4_000.0  # seconds that it may differ: an hour, where summer is set by hand
_LOOKED_THROUGH = 1_000  # messages of a channel on either side, for one that may have arrived
_MAX_CONTENT = 2_000  # characters
_MOST_MENTIONS = 100  # in a message
_DAY = 86_400.0  # seconds for which it is remembered how much a place takes: what refused it may have passed
_TIERS = tuple(mib * 1024 * 1024 for mib in (50, 20, 10, 8))  # limits that Discord has or had, in bytes
_UNKNOWN_MESSAGE = 10008  # of a nonce: it arrived, and was deleted
_MISSING_PERMISSIONS, _UNKNOWN_GUILD = 50013, 10004  # as Discord would say it, if it were asked
_ARCHIVED = 50083
_SETTLED = 10.0  # seconds after which a request that was cut off was carried out, or never will be
_OFFERING = frozenset({Topic.SONGS, Topic.LYRICS, Topic.FAILED})  # what can be made from the task is offered there
_DELETED = 0  # in place of the id of a message that arrived and is gone

log = logging.getLogger(__name__)


class DiscordPoster:
    """`upload_limit`: bytes a file where Discord does not say; what Discord refuses is learned downwards."""

    def __init__(self, bot: SunoBot, upload_limit: int, clock: Clock) -> None:
        self._bot = bot
        self._upload_limit = upload_limit
        self._clock = clock
        self._learned: dict[int, tuple[int, float]] = {}  # bytes a file, and until when, by server; 0: DMs

    def limit(self, claimed: ClaimedDelivery) -> int:
        guild = self._bot.get_guild(_server(claimed))
        most = max(self._upload_limit, guild.filesize_limit) if guild else self._upload_limit
        learned, until = self._learned.get(_server(claimed), (MAX_REQUEST, 0.0))
        return min(most, MAX_REQUEST, learned if self._clock.now() < until else MAX_REQUEST)

    def fits(self, claimed: ClaimedDelivery, clip_files: Sequence[ClipFile]) -> int:
        """In a forum each song has a post of its own."""
        return (
            min(1, len(clip_files))
            if self._is_forum(claimed.watch, claimed.delivery.channel_id)
            else fitting(clip_files)
        )

    def _is_forum(self, watch: Watch, channel_id: int) -> bool:
        return isinstance(self._known(watch, channel_id), discord.ForumChannel)

    def _known(self, watch: Watch, channel_id: int) -> discord.abc.GuildChannel | discord.Thread | None:
        guild = self._bot.get_guild(watch.guild_id or 0)
        return guild.get_channel_or_thread(channel_id) if guild else None

    async def post(self, post: Post, omitted: AbstractSet[Part]) -> int:
        claimed = post.claimed
        place = self._place(claimed)
        # Of a channel that Discord hides nothing is known here; it may be that it can be seen by now.
        missing = {each.permission for each in missing_in(place)} if place and not is_hidden(place) else set()
        if needed := [each for each in TO_SPEAK if each in missing]:
            names = ", ".join(each.replace("_", " ").title() for each in needed)
            raise PostError(f"needs {names}", status=403, code=_MISSING_PERMISSIONS)
        in_public = claimed.delivery.to_managers or claimed.delivery.channel_id == claimed.watch.channel_id
        language = language_for(
            claimed.watch.locale if in_public else claimed.delivery.locale or claimed.watch.user_locale
        )
        card = await self._with_offer(post, post_card(post, language, self.limit(claimed)), language)
        card = allowed(card, missing, language)
        reply = _replies_to(claimed) if "read_message_history" not in missing else None
        if isinstance(place, discord.ForumChannel):
            reply = None  # what is in another post cannot be replied to
        if Part.REPLY in omitted:
            reply = None
        card = without(card, omitted, language)
        if forum := await self._forum(claimed, place):
            return await self._open_post(forum, post, card)
        return await self._send(claimed, card, reply)

    async def _with_offer(self, post: Post, card: Card, language: Language) -> Card:
        """What can be made from the task, where it is posted."""
        if post.found is None or post.claimed.delivery.topic not in _OFFERING:
            return card
        user_id, guild_id = post.claimed.watch.user_id, _server(post.claimed) or None
        offer = await self._bot.services.orders.offer(post.found, guild_id, user_id)
        number = post.clip_files[0].number if post.clip_files else 0
        return with_offer(card, post.found.task, offer, language, number)

    async def _forum(
        self, claimed: ClaimedDelivery, place: discord.abc.GuildChannel | discord.Thread | None
    ) -> discord.ForumChannel | None:
        """Where the message is to be a post of its own. Asked for where nothing is known here, or it may be old."""
        if (
            claimed.watch.guild_id is None
            or claimed.delivery.channel_id != claimed.watch.channel_id
            or _follows_card(claimed)
        ):
            return None
        guild = self._bot.get_guild(claimed.watch.guild_id)
        unknown = place is None and guild is not None and guild.unavailable
        if unknown or (isinstance(place, discord.ForumChannel) and is_hidden(place)):
            async with _errors():
                fetched = await self._bot.fetch_channel(claimed.delivery.channel_id)
            return fetched if isinstance(fetched, discord.ForumChannel) else None
        return place if isinstance(place, discord.ForumChannel) else None

    async def _open_post(self, forum: discord.ForumChannel, post: Post, card: Card) -> int:
        content = _content(card, post.claimed, None)
        del content["nonce"]
        try:
            async with _errors(parts_of(card)):
                return await open_post(forum, post_name(post), style_of(post), **content)
        except PostError as failure:
            if meaning(failure) is Meaning.TOO_LARGE:
                self._learn(post.claimed, card)
            raise

    def _place(self, claimed: ClaimedDelivery) -> discord.abc.GuildChannel | discord.Thread | None:
        """Where it goes, as far as it is known here; None for a DM. Raises PostError when the bot was removed."""
        if claimed.watch.guild_id is None or claimed.delivery.channel_id != claimed.watch.channel_id:
            return None
        guild = self._bot.get_guild(claimed.watch.guild_id)
        if guild is None:
            raise PostError("the bot is no longer in that server", status=404, code=_UNKNOWN_GUILD)
        return None if guild.unavailable else guild.get_channel_or_thread(claimed.delivery.channel_id)

    async def _send(self, claimed: ClaimedDelivery, card: Card, reply: int | None) -> int:
        try:
            async with _errors(parts_of(card, reply=reply is not None)):
                message = await self._channel(claimed).send(**_content(card, claimed, reply))
        except PostError as failure:
            if failure.code == _UNKNOWN_MESSAGE:
                return _DELETED
            if meaning(failure) is Meaning.TOO_LARGE:
                self._learn(claimed, card)
            raise
        return message.id

    def _channel(self, claimed: ClaimedDelivery) -> discord.PartialMessageable:
        """In a forum what is said on the way goes into the post that follows the progress."""
        in_forum = self._is_forum(claimed.watch, claimed.delivery.channel_id)
        card_id = claimed.card_id if in_forum and _follows_card(claimed) else None
        return self._bot.get_partial_messageable(card_id or claimed.delivery.channel_id)

    def _learn(self, claimed: ClaimedDelivery, card: Card) -> None:
        """From a message with files; of one without, nothing can be left out."""
        if largest := max((upload.media.size for upload in card.uploads), default=0):
            below = next((tier for tier in _TIERS if tier < largest), largest * 3 // 4)
            self._learned[_server(claimed)] = below, self._clock.now() + _DAY
            log.info("Discord takes no file of %d bytes in server %d", largest, _server(claimed))

    async def find(self, claimed: ClaimedDelivery) -> int | None:
        """Where it is if the clocks agree; before that, the nearest first, as it is if ours is or was fast.

        Without Read Message History Discord shows an empty history: what is not found there is posted again.
        """
        place = self._place(
            claimed
        )  # of a server that the bot was removed from, Discord only says that it has no access
        tried_at = claimed.tried_at or 0.0
        if forum := await self._forum(claimed, place):
            return await self._find_post(forum, claimed, tried_at)
        near = datetime.fromtimestamp(tried_at - _CLOCKS_AGREE, UTC)
        far = datetime.fromtimestamp(tried_at - _CLOCKS_APART, UTC)
        channel = self._channel(claimed)
        async with _errors():
            for history in (
                channel.history(limit=_LOOKED_THROUGH, after=near, oldest_first=True),
                channel.history(limit=_LOOKED_THROUGH, before=near, after=far, oldest_first=False),
            ):
                async for message in history:
                    if message.author == self._bot.user and carries(message, claimed.delivery.id):
                        return message.id
        return None

    async def _find_post(self, forum: discord.ForumChannel, claimed: ClaimedDelivery, tried_at: float) -> int | None:
        """Not too soon: a request that was cut off may still be carried out, and no nonce tells two of them apart."""
        early = tried_at + _SETTLED - self._clock.now()
        if early > 0:
            await self._clock.sleep(min(early, _SETTLED))
        async with _errors():
            return await find_post(forum, self._bot.user.id if self._bot.user else 0, tried_at, claimed.delivery.id)

    async def direct(self, user_id: int) -> int:
        async with _errors():
            return (await self._bot.create_dm(discord.Object(user_id))).id

    def card(self, card: LiveCard) -> str:
        return digest(self._looks(card))

    def _looks(self, card: LiveCard) -> Card:
        in_forum = self._is_forum(card.watch, card.watch.channel_id)
        return live_card(card, language_for(card.watch.locale), in_forum=in_forum)

    async def show(self, card: LiveCard) -> None:
        """If its embeds are refused, without them."""
        language = language_for(card.watch.locale)
        looks = self._looks(card)
        try:
            await self._edit(card, looks)
        except PostError as failure:
            if meaning(failure) is not Meaning.CONTENT:
                raise
            await self._edit(card, without(looks, {Part.LYRICS_AND_LINKS, Part.EMBEDS}, language))

    async def _edit(self, card: LiveCard, looks: Card) -> None:
        """A post is opened again if Discord archived it meanwhile, as it does with those in which nobody writes."""
        in_forum = self._is_forum(card.watch, card.watch.channel_id)
        channel_id = card.message_id if in_forum else card.watch.channel_id
        message = self._bot.get_partial_messageable(channel_id).get_partial_message(card.message_id)
        try:
            async with _errors():
                await message.edit(content=looks.content, embeds=looks.embeds, view=looks.view())
        except PostError as failure:
            if not in_forum or failure.code != _ARCHIVED:
                raise
            async with _errors():
                await reopen(self._bot, channel_id)
                await message.edit(content=looks.content, embeds=looks.embeds, view=looks.view())


def _server(claimed: ClaimedDelivery) -> int:
    """Where the message goes; 0: into a DM, perhaps because its place is gone."""
    return claimed.watch.guild_id or 0 if claimed.delivery.channel_id == claimed.watch.channel_id else 0


def _replies_to(claimed: ClaimedDelivery) -> int | None:
    """The card that followed the progress."""
    in_its_place = claimed.delivery.channel_id == claimed.watch.channel_id
    return claimed.card_id if in_its_place and claimed.delivery.topic is not Topic.LIVE else None


def _follows_card(claimed: ClaimedDelivery) -> bool:
    return (
        claimed.card_id is not None and claimed.delivery.topic in NOTICES and claimed.delivery.topic is not Topic.LIVE
    )


def _content(card: Card, claimed: ClaimedDelivery, reply: int | None) -> dict[str, Any]:
    sentences = card.content[:_MAX_CONTENT]
    mentions = _fitting(card.mentions, _MAX_CONTENT - len(sentences))
    content: dict[str, Any] = {
        "content": " ".join((*mentions, sentences)),
        "embeds": card.embeds,
        "files": card.files(),
        "nonce": claimed.delivery.id,
        # Nobody else is notified, whatever a title says.
        "allowed_mentions": discord.AllowedMentions(
            everyone=False,
            users=[discord.Object(mention.strip("<@>")) for mention in mentions if "&" not in mention],
            roles=[discord.Object(mention.strip("<@&>")) for mention in mentions if "&" in mention],
        ),
    }
    if view := card.view():
        content["view"] = view
    if reply:
        content["reference"] = discord.MessageReference(
            message_id=reply, channel_id=claimed.delivery.channel_id, fail_if_not_exists=False
        )
    return content


def _fitting(mentions: Sequence[str], room: int) -> Sequence[str]:
    """Those, from the first, that go before the sentences; `room`: characters for them and the spaces between."""
    ends = accumulate(len(mention) + 1 for mention in mentions[:_MOST_MENTIONS])
    return mentions[: sum(end <= room for end in ends)]


@asynccontextmanager
async def _errors(parts: AbstractSet[Part] = frozenset()) -> AsyncIterator[None]:
    """`parts`: what the message had that it might do without."""
    try:
        yield
    except PostError as error:
        raise PostError(str(error), status=error.status, parts=parts) from error
    except discord.RateLimited as error:
        message = "Discord asks for patience"
        raise PostError(message, status=429, retry_after=error.retry_after, parts=parts) from error
    except discord.HTTPException as error:
        words = f"{error.status} {error.code} {error.text}"
        raise PostError(words, status=error.status, code=error.code, parts=parts) from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise PostError(f"Discord cannot be reached: {type(error).__name__}", parts=parts) from error
