"""Posts messages and edits cards in Discord, and turns Discord's errors into PostError."""

import logging
from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate
from typing import Any

import discord

from bot.client import SunoBot
from bot.domain.delivery import NOTICES, RESULTS, Reason, Topic
from bot.domain.discord_errors import ARCHIVED_THREAD, UNKNOWN_GUILD, UNKNOWN_MESSAGE, Meaning, MessagePart, meaning
from bot.domain.library import PostedAt
from bot.domain.outbox import ClaimedDelivery, LiveCard
from bot.domain.watch import Watch
from bot.errors import PostError
from bot.services.clip_files import ClipFile
from bot.services.clock import Clock
from bot.services.delivery.port import Post, PostedSongs
from bot.ui.interactions.permissions import is_hidden, missing_in
from bot.ui.interactions.places import place_in
from bot.ui.outgoing.errors import DELETED, post_errors, refuse_without
from bot.ui.outgoing.forums import open_post, post_name, posts_around, reopen, style_of
from bot.ui.outgoing.history import messages_around
from bot.ui.outgoing.marks import first_with, songs_in
from bot.ui.render.cards import MAX_REQUEST, Card, fitting
from bot.ui.render.fallbacks import allowed, parts_of, without
from bot.ui.render.locales import Language, language_for
from bot.ui.render.offers import with_offer
from bot.ui.render.posts import digest, live_card, post_card

_MAX_CONTENT = 2_000  # characters
_MAX_MENTIONS = 100  # in a message
_DAY = 86_400.0  # seconds for which a learned upload limit counts: a server's limit may rise again
_TIERS = tuple(mib * 1024 * 1024 for mib in (50, 20, 10, 8))  # limits that Discord has or had, in bytes
_IN_FLIGHT = 10.0  # seconds for which a request that was cut off may still be carried out

log = logging.getLogger(__name__)


class DiscordPoster:
    """`upload_limit`: bytes a file where Discord states no limit. It learns a lower one when a file is refused."""

    def __init__(self, bot: SunoBot, upload_limit: int, clock: Clock) -> None:
        self._bot = bot
        self._upload_limit = upload_limit
        self._clock = clock
        self._learned_limits: dict[int, tuple[int, float]] = {}  # bytes a file, and until when, by server; 0: DMs

    def knows_server(self, claimed: ClaimedDelivery) -> bool:
        server = _server(claimed)
        return not server or self._bot.connections.knows(server)

    def is_available(self, card: LiveCard) -> bool:
        if card.watch.guild_id is None:
            return True
        guild = self._bot.get_guild(card.watch.guild_id)
        return not guild.unavailable if guild else self._bot.connections.knows(card.watch.guild_id)

    def limit(self, claimed: ClaimedDelivery) -> int:
        guild = self._bot.get_guild(_server(claimed))
        most = max(self._upload_limit, guild.filesize_limit) if guild else self._upload_limit
        learned, until = self._learned_limits.get(_server(claimed), (MAX_REQUEST, 0.0))
        return min(most, MAX_REQUEST, learned if self._clock.now() < until else MAX_REQUEST)

    def fits(self, claimed: ClaimedDelivery, clip_files: Sequence[ClipFile]) -> int:
        """How many of the files, from the first, go into one message. In a forum each song is a post of its own."""
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

    async def post(self, post: Post, omitted: AbstractSet[MessagePart]) -> int:
        claimed = post.claimed
        destination = self._destination(claimed)
        # The permissions in a hidden channel are unknown, and it may have become visible.
        visible = destination if destination and not is_hidden(destination) else None
        missing = missing_in(visible) if visible else ()
        refuse_without(missing)
        denied = {each.permission for each in missing}
        in_public = claimed.delivery.to_managers or claimed.delivery.channel_id == claimed.watch.channel_id
        language = language_for(
            claimed.watch.locale if in_public else claimed.delivery.locale or claimed.watch.user_locale
        )
        card = await self._with_offer(post, post_card(post, language, self.limit(claimed)), language)
        card = allowed(card, denied, language)
        reply = _replies_to(claimed) if "read_message_history" not in denied else None
        if isinstance(destination, discord.ForumChannel):
            reply = None  # Discord has no replies across posts
        if MessagePart.REPLY in omitted:
            reply = None
        card = without(card, omitted, language)
        if forum := await self._forum(claimed, destination):
            return await self._open_post(forum, post, card)
        return await self._send(claimed, card, reply)

    async def _with_offer(self, post: Post, card: Card, language: Language) -> Card:
        """With what can be made from the task, where its result is posted."""
        if (
            post.found is None or post.claimed.delivery.topic not in RESULTS
        ):  # what can be made from the task is offered with its result
            return card
        user_id, guild_id = post.claimed.watch.user_id, _server(post.claimed) or None
        offer = await self._bot.services.orders.offer(post.found, guild_id, user_id)
        number = post.clip_files[0].number if post.clip_files else 0
        return with_offer(card, post.found.task, offer, language, number)

    async def _forum(
        self, claimed: ClaimedDelivery, destination: discord.abc.GuildChannel | discord.Thread | None
    ) -> discord.ForumChannel | None:
        """The forum, if the message becomes a post of its own. Fetched if the cached channel is missing or hidden."""
        if (
            claimed.watch.guild_id is None
            or claimed.delivery.channel_id != claimed.watch.channel_id
            or _follows_card(claimed)
        ):
            return None
        guild = self._bot.get_guild(claimed.watch.guild_id)
        unknown = destination is None and guild is not None and guild.unavailable
        if unknown or (isinstance(destination, discord.ForumChannel) and is_hidden(destination)):
            async with post_errors():
                fetched = await self._bot.fetch_channel(claimed.delivery.channel_id)
            return fetched if isinstance(fetched, discord.ForumChannel) else None
        return destination if isinstance(destination, discord.ForumChannel) else None

    async def _open_post(self, forum: discord.ForumChannel, post: Post, card: Card) -> int:
        content = _content(card, post.claimed, None)
        del content["nonce"]
        try:
            async with post_errors(parts_of(card)):
                return await open_post(forum, post_name(post), style_of(post), **content)
        except PostError as failure:
            if meaning(failure) is Meaning.TOO_LARGE:
                self._learn_limit(post.claimed, card)
            raise

    def _destination(self, claimed: ClaimedDelivery) -> discord.abc.GuildChannel | discord.Thread | None:
        """The cached channel; None for a DM, or if unknown. Raises PostError if the bot was removed from the server."""
        if claimed.watch.guild_id is None or claimed.delivery.channel_id != claimed.watch.channel_id:
            return None
        guild = self._bot.get_guild(claimed.watch.guild_id)
        if guild is None:
            raise PostError(Reason.NOT_A_MEMBER, status=404, code=UNKNOWN_GUILD)
        return None if guild.unavailable else guild.get_channel_or_thread(claimed.delivery.channel_id)

    async def _send(self, claimed: ClaimedDelivery, card: Card, reply: int | None) -> int:
        try:
            async with post_errors(parts_of(card, reply=reply is not None)):
                message = await self._channel(claimed).send(**_content(card, claimed, reply))
        except PostError as failure:
            if failure.code == UNKNOWN_MESSAGE:  # its nonce is known: it arrived, and was deleted
                return DELETED
            if meaning(failure) is Meaning.TOO_LARGE:
                self._learn_limit(claimed, card)
            raise
        return message.id

    def _channel(self, claimed: ClaimedDelivery) -> discord.PartialMessageable:
        """In a forum, notices go into the post that has the live card."""
        in_forum = self._is_forum(claimed.watch, claimed.delivery.channel_id)
        card_id = claimed.card_id if in_forum and _follows_card(claimed) else None
        return self._bot.get_partial_messageable(card_id or claimed.delivery.channel_id)

    def _learn_limit(self, claimed: ClaimedDelivery, card: Card) -> None:
        """Lowers the learned limit below the largest file of a message that was refused."""
        if largest := max((upload.media.size for upload in card.uploads), default=0):
            below = next((tier for tier in _TIERS if tier < largest), largest * 3 // 4)
            self._learned_limits[_server(claimed)] = below, self._clock.now() + _DAY
            log.info("Discord takes no file of %d bytes in server %d", largest, _server(claimed))

    async def find(self, claimed: ClaimedDelivery) -> int | None:
        async with post_errors():
            return await first_with(claimed.delivery.id, self._perhaps_its(claimed))

    async def posted_songs(self, claimed: ClaimedDelivery) -> Sequence[PostedSongs]:
        async with post_errors():
            messages = [songs_in(each, claimed.watch.task_id) async for each in self._perhaps_its(claimed)]
        return [each for each in messages if each]

    async def _perhaps_its(self, claimed: ClaimedDelivery) -> AsyncIterator[discord.Message]:
        """Messages of ours where it was to be posted, around the time when it was tried."""
        tried_at = claimed.tried_at or 0.0
        # Checked first: for a server that the bot was removed from, Discord would only report missing access.
        destination = self._destination(claimed)
        if forum := await self._forum(claimed, destination):
            await self._wait_for_flight(tried_at)
            messages = posts_around(forum, self._bot.user.id if self._bot.user else 0, tried_at)
        else:
            messages = messages_around(self._channel(claimed), self._bot.user, tried_at)
        async for message in messages:
            yield message

    async def _wait_for_flight(self, tried_at: float) -> None:
        """A request that was cut off may still be carried out, and posts have no nonce."""
        early = tried_at + _IN_FLIGHT - self._clock.now()
        if early > 0:
            await self._clock.sleep(min(early, _IN_FLIGHT))

    def place(self, claimed: ClaimedDelivery, message_id: int) -> PostedAt:
        watch, delivery = claimed.watch, claimed.delivery
        if watch.guild_id is None or delivery.channel_id != watch.channel_id:
            channel_id, owner_id = delivery.channel_id, watch.user_id
            return PostedAt(channel_id=channel_id, parent_id=0, message_id=message_id, owner_id=owner_id)
        return place_in(self._bot.get_guild(watch.guild_id), delivery.channel_id, message_id)

    async def open_dm(self, user_id: int) -> int:
        async with post_errors():
            return (await self._bot.create_dm(discord.Object(user_id))).id

    def digest_of(self, card: LiveCard) -> str:
        return digest(self._card_of(card))

    def _card_of(self, card: LiveCard) -> Card:
        in_forum = self._is_forum(card.watch, card.watch.channel_id)
        return live_card(card, language_for(card.watch.locale), in_forum=in_forum)

    async def edit(self, card: LiveCard) -> None:
        """Edits the card; without embeds if Discord refuses them."""
        language = language_for(card.watch.locale)
        shown = self._card_of(card)
        try:
            await self._edit(card, shown)
        except PostError as failure:
            if meaning(failure) is not Meaning.CONTENT:
                raise
            await self._edit(card, without(shown, {MessagePart.LYRICS_AND_LINKS, MessagePart.EMBEDS}, language))

    async def _edit(self, card: LiveCard, shown: Card) -> None:
        """Reopens the post first if Discord has archived it for inactivity."""
        in_forum = self._is_forum(card.watch, card.watch.channel_id)
        channel_id = card.message_id if in_forum else card.watch.channel_id
        message = self._bot.get_partial_messageable(channel_id).get_partial_message(card.message_id)
        try:
            async with post_errors():
                await message.edit(content=shown.content, embeds=shown.embeds, view=shown.view())
        except PostError as failure:
            if not in_forum or failure.code != ARCHIVED_THREAD:
                raise
            async with post_errors():
                await reopen(self._bot, channel_id)
                await message.edit(content=shown.content, embeds=shown.embeds, view=shown.view())


def _server(claimed: ClaimedDelivery) -> int:
    """The server that the message goes to; 0: a DM, perhaps because the watch's channel is gone."""
    return claimed.watch.guild_id or 0 if claimed.delivery.channel_id == claimed.watch.channel_id else 0


def _replies_to(claimed: ClaimedDelivery) -> int | None:
    """The live card, if there is one."""
    in_watch_channel = claimed.delivery.channel_id == claimed.watch.channel_id
    return claimed.card_id if in_watch_channel and claimed.delivery.topic is not Topic.LIVE else None


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
    """As many mentions, from the first, as fit into `room` characters with a space after each."""
    ends = accumulate(len(mention) + 1 for mention in mentions[:_MAX_MENTIONS])
    return mentions[: sum(end <= room for end in ends)]
