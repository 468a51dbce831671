"""Songs of the library in words: titles, where they are, and who made them."""

from bot.domain.library import FoundSong
from bot.ui.render.locales import Language
from bot.ui.render.text import one_line

_TITLE = 70  # characters
_BRACKETS = str.maketrans("[]", "()")  # which would end the text of a link


def title_of(found: FoundSong, language: Language) -> str:
    """With its number where it is not the task's first: two takes of a song have the same title."""
    title = one_line(found.song.title, _TITLE) or language("card.untitled")
    return f"{title} ({found.song.number})" if found.song.number > 1 else title


def where(found: FoundSong, language: Language) -> str:
    """The channel, which is a link to the post where there is one."""
    place = found.song.place
    if place.owner_id:
        return language("library.only_you" if place.guild_id else "library.dm")
    return place.link or f"<#{place.channel_id}>"


def maker(found: FoundSong, user_id: int) -> str:
    """Empty if others are not to know."""
    person_id = found.song.person_id
    return f"<@{person_id}>" if found.maker_named or person_id == user_id else ""


def linked_title(found: FoundSong, language: Language) -> str:
    """A link to its post, if it has one."""
    title, link = title_of(found, language), found.song.place.link
    return f"[{title.translate(_BRACKETS)}]({link})" if link else title
