"""Interactions of a modified client: buttons and choices that the bot never sent.

The local Discord checks, as the real one does, that they are on the message: so they are added to it.
"""

from collections.abc import Sequence
from typing import Any

from sandbox.local_discord.interactions import Interaction
from sandbox.local_discord.people import Person

BUTTON, SELECT, ROLES, CHANNELS = 2, 3, 6, 8  # types of components


async def press(person: Person, message: dict[str, Any], custom_id: str) -> Interaction:
    return await _use(person, message, {"type": BUTTON, "style": 2, "label": "x", "custom_id": custom_id})


async def choose(
    person: Person, message: dict[str, Any], custom_id: str, values: Sequence[str], kind: int = SELECT
) -> Interaction:
    return await _use(person, message, {"type": kind, "custom_id": custom_id}, values)


async def _use(
    person: Person, message: dict[str, Any], component: dict[str, Any], values: Sequence[str] | None = None
) -> Interaction:
    row = {"type": 1, "id": 98, "components": [component | {"id": 99}]}
    return await person.use(message | {"components": [row]}, component["custom_id"], values)
