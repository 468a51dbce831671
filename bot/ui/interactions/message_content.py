"""All texts of a message: content, embeds, names of files, components, a poll, and the messages forwarded in it; and
songs of the library.
"""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import discord

from bot.ui.render.actions import song_in, task_in

_MEDIA = (".mp3", ".m4a", ".wav", ".ogg", ".flac", ".aac", ".mp4", ".webm", ".png", ".jpg", ".jpeg", ".webp", ".gif")
_PARTS = ("label", "placeholder", "content", "description", "name")  # attributes of components and options with text


def texts(message: discord.Message) -> Iterator[str]:
    """In reading order, without the contents of its files."""
    for part in _parts(message):
        yield part.content
        for embed in part.embeds:
            yield from _of_embed(embed)
        yield from (each or "" for file in part.attachments for each in (file.filename, file.title, file.description))
        yield from _of_components(part.components)
    if message.poll:
        yield from (message.poll.question, *(answer.text for answer in message.poll.answers))


def listed_songs(message: discord.Message) -> list[int]:
    """The numbers in the library of songs that have buttons of ours, once each."""
    buttons = (each for part in _parts(message) for each in _walked(part.components))
    found = (song_in(str(getattr(each, "custom_id", None) or "")) for each in buttons)
    return list(dict.fromkeys(number for number in found if number is not None))


def files(message: discord.Message) -> Sequence[discord.Attachment]:
    return [file for part in _parts(message) for file in part.attachments]


def replied_to(message: discord.Message) -> discord.Message | None:
    """The message that it answers, if Discord sent it along."""
    resolved = message.reference and message.reference.resolved
    return resolved if isinstance(resolved, discord.Message) else None


def _parts(message: discord.Message) -> Sequence[discord.Message | discord.MessageSnapshot]:
    return [message, *message.message_snapshots]


def _of_embed(embed: discord.Embed) -> Iterator[str]:
    named = (embed.author.name, embed.author.url, embed.title, embed.description, embed.url)
    yield from (each or "" for each in named)
    for field in embed.fields:
        yield from (field.name or "", field.value or "")
    yield embed.footer.text or ""


def _of_components(components: Sequence[object]) -> Iterator[str]:
    for component in components:
        yield from (str(getattr(component, name, None) or "") for name in _PARTS)
        yield _linked(str(getattr(component, "url", None) or ""))
        yield task_in(str(getattr(component, "custom_id", None) or ""))
        for option in getattr(component, "options", ()):
            yield from (option.label, option.value, option.description or "")
        yield from _of_components(_within(component))


def _walked(components: Sequence[object]) -> Iterator[object]:
    for component in components:
        yield component
        yield from _walked(_within(component))


def _within(component: object) -> list[object]:
    inner = [*getattr(component, "children", ()), *getattr(component, "items", ())]
    return [*inner, *filter(None, [getattr(component, "accessory", None)])]


def _linked(url: str) -> str:
    """Addresses of media files are skipped, except Suno's own: those contain the song's id."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    suno = (parts.hostname or "").endswith(("suno.com", "suno.ai"))
    return url if suno or not parts.path.lower().endswith(_MEDIA) else ""
