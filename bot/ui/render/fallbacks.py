"""Simpler forms of a message: without parts that Discord refuses, or that the bot lacks the permission for."""

import logging
from collections.abc import Awaitable, Callable, Collection
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

import discord
from msgspec.structs import replace

from bot.domain.delivery import SERVER_ERRORS, Reason, Topic
from bot.domain.discord_errors import Attempt, Meaning, MessagePart, Replan, decide, meaning
from bot.errors import PostError
from bot.ui.render.cards import Card
from bot.ui.render.embeds import LyricsEmbed
from bot.ui.render.locales import Language

T = TypeVar("T")

_MAX_CONTENT = 2_000  # characters
_NO_MORE_RETRIES = SERVER_ERRORS  # failures so far: discord.py has retried already, and the person is waiting

log = logging.getLogger(__name__)


def parts_of(card: Card, *, reply: bool = False) -> frozenset[MessagePart]:
    """The parts of the message that can be omitted."""
    texts = any(map(_is_lyrics, card.embeds)) or any(map(is_link, card.buttons)) or any(e.url for e in card.embeds)
    found = {
        MessagePart.LYRICS_AND_LINKS: texts,
        MessagePart.COVER: any(upload.description is not None for upload in card.uploads),
        MessagePart.EMBEDS: bool(card.embeds),
        MessagePart.REPLY: reply,
        MessagePart.FILES: bool(card.uploads),
    }
    return frozenset(part for part, there in found.items() if there)


def without(card: Card, omitted: AbstractSet[MessagePart], language: Language) -> Card:
    """Never empty: without embeds, their text becomes the content."""
    if MessagePart.EMBEDS in omitted:
        card = replace(_without_covers(card), embeds=(), content=card.content or as_text(card)[:_MAX_CONTENT])
    if MessagePart.LYRICS_AND_LINKS in omitted:
        embeds = [_unlinked(embed) for embed in card.embeds if not _is_lyrics(embed)]
        card = replace(card, embeds=embeds, buttons=[each for each in card.buttons if not is_link(each)])
    if MessagePart.FILES in omitted and card.uploads:
        note = language("post.files_refused" if any(map(is_link, card.buttons)) else "post.files_refused_bare")
        card = replace(card, uploads=(), embeds=_bare(card), content=f"{card.content}\n{note}".strip())
    return _without_covers(card) if MessagePart.COVER in omitted else card


def allowed(card: Card, missing: Collection[str], language: Language) -> Card:
    """Without parts whose permission is missing; `missing`: names of permissions in Discord's API."""
    if "attach_files" in missing and card.uploads:
        content = f"{card.content}\n{language('post.no_files')}".strip()
        card = replace(card, uploads=(), embeds=_bare(card), content=content)
    return _in_words(card) if "embed_links" in missing else card


async def send_with_fallbacks(
    send: Callable[[Card, AbstractSet[MessagePart]], Awaitable[T]],
    card: Card,
    language: Language,
    *,
    reply: bool = False,
) -> T:
    """Sends an answer in the first form that Discord accepts, without delays: the person is waiting.

    `send` takes the form and the omitted parts; `reply`: whether it is a reply. Raises discord.HTTPException when
    Discord accepts no form, or refuses it for other reasons than its content.
    """
    omitted: AbstractSet[MessagePart] = frozenset()
    while True:
        form = without(card, omitted, language)
        try:
            return await send(form, omitted)
        except (discord.HTTPException, TimeoutError) as error:
            failure = _failure(error, parts_of(form, reply=reply and MessagePart.REPLY not in omitted))
            decision = decide(failure, Attempt(topic=Topic.SONGS, failures=_NO_MORE_RETRIES, omitted=omitted))
            if meaning(failure) is Meaning.TOO_LARGE or not isinstance(decision, Replan) or decision.omitted is None:
                raise
            log.info("an answer is sent in a simpler form: %s", error)
            omitted = decision.omitted


def _failure(error: discord.HTTPException | TimeoutError, parts: AbstractSet[MessagePart]) -> PostError:
    if isinstance(error, discord.HTTPException):
        return PostError(str(error), status=error.status, code=error.code, parts=parts)
    return PostError(Reason.NO_ANSWER, status=504, parts=parts)


def _in_words(card: Card) -> Card:
    """With the text of its embeds as content, as far as it fits."""
    card = _without_covers(card)
    return replace(card, embeds=(), content="\n".join(filter(None, (card.content, as_text(card))))[:_MAX_CONTENT])


def as_text(card: Card) -> str:
    """The text of its embeds, without lyrics, which a button leads to."""
    return "\n".join(line for embed in card.embeds if not _is_lyrics(embed) for line in _lines(embed))


def _lines(embed: discord.Embed) -> list[str]:
    fields = [f"{field.name}: {field.value}" for field in embed.fields]
    footer = f"-# {embed.footer.text}" if embed.footer.text else ""
    title = f"**{embed.title}**" if embed.title else ""
    return [line for line in (title, embed.description or "", *fields, footer) if line]


def is_link(button: discord.ui.Item[Any]) -> bool:
    return isinstance(button, discord.ui.Button) and button.url is not None


def _is_lyrics(embed: discord.Embed) -> bool:
    return isinstance(embed, LyricsEmbed)


def _unlinked(embed: discord.Embed) -> discord.Embed:
    bare = embed.copy()
    bare.url = None
    return bare


def _without_covers(card: Card) -> Card:
    """Removes the files with a description, which are the pictures, and the embeds' references to them."""
    kept = [upload for upload in card.uploads if upload.description is None]
    return replace(card, embeds=_bare(card), uploads=kept)


def _bare(card: Card) -> list[discord.Embed]:
    return [embed.copy().set_thumbnail(url=None).set_image(url=None) for embed in card.embeds]
