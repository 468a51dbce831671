"""Ids in typed texts, as bot/ui/interactions/typed_ids.py reads them, but without a database to resolve them."""

from bot.domain.ids import Ids, find_mentioned, one_of, read_typed, why_none


def find_ids(text: str) -> tuple[str, ...]:
    """Every id of a known form in any text."""
    return find_mentioned(text).ids


def read_ids(text: str) -> Ids:
    """Several ids. Raises InvalidTaskId if there is none."""
    typed = read_typed(text)
    if not typed.ids:
        raise why_none(text, typed)
    return typed


def parse_id(text: str) -> str:
    """The one id in a text. Raises InvalidTaskId."""
    typed = read_typed(text)
    return one_of(text, typed, typed.ids)
