"""Checks of rendered cards against Discord's limits."""

import asyncio
from typing import Any

from bot.ui.render.cards import Card
from sandbox.local_discord.file_names import sanitised
from sandbox.local_discord.limits import check_message


def components_of(view: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = view.to_components() if view else []
    return found


def check(card: Card) -> None:
    async def view() -> list[dict[str, Any]]:
        return components_of(card.view())

    message = {"content": card.content, "embeds": [embed.to_dict() for embed in card.embeds]}
    message["components"] = asyncio.run(view())
    check_message(message, flags=0, attachments=len(card.uploads))
    names = [sanitised(upload.name)[0] for upload in card.uploads]  # as Discord has them
    assert len(set(names)) == len(names)
    shown = [embed.thumbnail.url for embed in card.embeds if (embed.thumbnail.url or "").startswith("attachment://")]
    assert {url.removeprefix("attachment://") for url in shown if url} <= set(names)
