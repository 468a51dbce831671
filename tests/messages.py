"""The texts, buttons and links of a message."""

from typing import Any

from sandbox.local_discord.faults import Asked
from sandbox.local_discord.people import components

LOOK_UP_MENU, WATCH_MENU = "Suno: look up tasks", "Suno: watch tasks"  # on messages

Message = dict[str, Any]


def buttons(message: Message) -> list[str]:
    return [each["label"] for each in components(message) if each.get("label") and "custom_id" in each]


def links(message: Message) -> dict[str, str]:
    return {each["label"]: each["url"] for each in components(message) if "url" in each}


def words(message: Message) -> str:
    """All texts that a person reads in a message."""
    parts = [message["content"], *(each.get("content", "") for each in components(message))]
    for embed in message["embeds"]:
        parts += [
            embed.get("title", ""),
            embed.get("description", ""),
            embed["footer"]["text"] if "footer" in embed else "",
        ]
        parts += [text for field in embed.get("fields", ()) for text in (field["name"], field["value"])]
    return "\n".join(parts)


def brings_songs(asked: Asked) -> bool:
    """Whether a request sends a message with a song, not one that says the audio is missing."""
    return "couldn't fetch the audio" not in asked.body.get("content", "")
