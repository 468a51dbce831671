"""Simpler forms of a message: without what Discord refuses in it, or without what the bot may not send there."""

import logging
from collections.abc import Awaitable, Callable, Collection
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

import discord
from msgspec.structs import replace

from bot.domain.delivery import SERVER_ERRORS, Topic
from bot.domain.post_failures import Attempt, Meaning, Part, Replan, decide, meaning
from bot.errors import PostError
from bot.ui.render.cards import Card
from bot.ui.render.embeds import LyricsEmbed
from bot.ui.render.locales import Language

T = TypeVar("T")

_MAX_CONTENT = 2_000  # characters
_TRIED_OFTEN = SERVER_ERRORS  # failures: discord.py has tried again by itself, and nobody waits for more of that

log = logging.getLogger(__name__)


def parts_of(card: Card, *, reply: bool = False) -> frozenset[Part]:
    """What it might do without."""
    texts = any(map(_is_lyrics, card.embeds)) or any(map(is_link, card.buttons)) or any(e.url for e in card.embeds)
    found = {
        Part.LYRICS_AND_LINKS: texts,
        Part.COVER: any(upload.description is not None for upload in card.uploads),
        Part.EMBEDS: bool(card.embeds),
        Part.REPLY: reply,
        Part.FILES: bool(card.uploads),
    }
    return frozenset(part for part, there in found.items() if there)


def without(card: Card, omitted: AbstractSet[Part], language: Language) -> Card:
    """Never empty: what is said in embeds alone is said in words when there are no embeds."""
    if Part.EMBEDS in omitted:
        card = replace(_without_covers(card), embeds=(), content=card.content or as_text(card)[:_MAX_CONTENT])
    if Part.LYRICS_AND_LINKS in omitted:
        embeds = [_unlinked(embed) for embed in card.embeds if not _is_lyrics(embed)]
        card = replace(card, embeds=embeds, buttons=[each for each in card.buttons if not is_link(each)])
    if Part.FILES in omitted and card.uploads:
        note = language("post.files_refused" if any(map(is_link, card.buttons)) else "post.files_refused_bare")
        card = replace(card, uploads=(), embeds=_bare(card), content=f"{card.content}\n{note}".strip())
    return _without_covers(card) if Part.COVER in omitted else card


def allowed(card: Card, missing: Collection[str], language: Language) -> Card:
    """Without what the bot may not send there; `missing` names permissions as Discord's API does."""
    if "attach_files" in missing and card.uploads:
        content = f"{card.content}\n{language('post.no_files')}".strip()
        card = replace(card, uploads=(), embeds=_bare(card), content=content)
    return _in_words(card) if "embed_links" in missing else card


async def in_some_form(
    send: Callable[[Card, AbstractSet[Part]], Awaitable[T]], card: Card, language: Language, *, reply: bool = False
) -> T:
    """Sends an answer in the first form that Discord takes, at once: somebody waits for it.

    `send` is given the form, and what it lacks; `reply`: whether it is one. Raises discord.HTTPException when Discord
    takes no form, or refuses it for other reasons than its content.
    """
    omitted: AbstractSet[Part] = frozenset()
    while True:
        form = without(card, omitted, language)
        try:
            return await send(form, omitted)
        except (discord.HTTPException, TimeoutError) as error:
            failure = _failure(error, parts_of(form, reply=reply and Part.REPLY not in omitted))
            course = decide(failure, Attempt(topic=Topic.SONGS, failures=_TRIED_OFTEN, omitted=omitted))
            if meaning(failure) is Meaning.TOO_LARGE or not isinstance(course, Replan) or course.omitted is None:
                raise
            log.info("an answer is tried in a simpler form: %s", error)
            omitted = course.omitted


def _failure(error: discord.HTTPException | TimeoutError, parts: AbstractSet[Part]) -> PostError:
    if isinstance(error, discord.HTTPException):
        return PostError(str(error), status=error.status, code=error.code, parts=parts)
    return PostError("Discord takes too long", status=504, parts=parts)


def _in_words(card: Card) -> Card:
    """What stands in its embeds, as far as there is room."""
    card = _without_covers(card)
    return replace(card, embeds=(), content="\n".join(filter(None, (card.content, as_text(card))))[:_MAX_CONTENT])


def as_text(card: Card) -> str:
    """What its embeds say; lyrics stay behind their button."""
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
    """Pictures come as files with a description, and are shown by embeds alone."""
    kept = [upload for upload in card.uploads if upload.description is None]
    return replace(card, embeds=_bare(card), uploads=kept)


def _bare(card: Card) -> list[discord.Embed]:
    return [embed.copy().set_thumbnail(url=None) for embed in card.embeds]
