"""Task ids in what people type or paste, and in messages: also song ids, and other spellings of an id."""

from collections.abc import Iterable
from typing import Literal

from bot.client import Services
from bot.domain.id_forms import Mentioned, other_form
from bot.domain.ids import Ids, find_mentioned, no_id_in, one_of, read_typed, why_none


async def one_id(services: Services, text: str) -> str:
    """The one task that a person means. Raises InvalidTaskId."""
    typed = await services.text_worker.of(text, read_typed)
    meant = await _meant(services, typed)
    return one_of(text, typed, meant.ids)


async def several_ids(services: Services, text: str) -> Ids:
    """Tasks as a person types or pastes them. Raises InvalidTaskId when there is none."""
    typed = await services.text_worker.of(text, read_typed)
    meant = await _meant(services, typed)
    if not meant.ids:
        raise await services.text_worker.of(text, lambda text: why_none(text, typed))
    return meant


async def mentioned_ids(services: Services, text: str, why_none: Literal["none", "write"]) -> Ids:
    """Tasks in any text, of which only the songs that nobody knows count as ignored. Raises InvalidTaskId when there is
    none.
    """
    found: Mentioned = await services.text_worker.of(text, find_mentioned)
    meant = await _meant(services, Ids(found.ids, 0, (), found.alone))
    if not meant.ids:
        raise await services.text_worker.of(text, lambda text: no_id_in(text, why_none))
    return meant


async def _meant(services: Services, typed: Ids) -> Ids:
    """Replaces ids of known songs with their tasks; ids of unknown songs are ignored."""
    tasks = await services.task_ids.resolve([*typed.ids, *typed.songs])
    unknown = [song for song in typed.songs if tasks[song] == song]
    ids = _once(tasks[each] for each in (*typed.ids, *typed.songs) if each not in unknown)
    return Ids(ids, typed.ignored + len(unknown), (*typed.words, *unknown))


def _once(ids: Iterable[str]) -> tuple[str, ...]:
    """The first form of each: with hyphens and without, a UUID is the same."""
    first: dict[str, str] = {}
    for each in ids:
        first.setdefault(each.replace("-", "") if other_form(each) else each, each)
    return tuple(first.values())
