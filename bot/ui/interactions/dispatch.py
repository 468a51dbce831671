"""Dispatches presses of the items in bot/ui/render/components.py to the handlers that features register."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from bot.client import Interaction
from bot.errors import UnknownButton
from bot.ui.interactions.access import check_access
from bot.ui.interactions.errors import answer_failure
from bot.ui.render.actions import ACTIONS, Action
from bot.ui.render.payloads import Payload

P = TypeVar("P", bound=Payload)
Handler = Callable[[Interaction, P], Awaitable[None]]

HANDLERS: dict[str, Handler[Any]] = {}
"""By action code."""


def on_press(action: Action[P]) -> Callable[[Handler[P]], Handler[P]]:
    """Registers the handler of an action: `async def handler(interaction, payload)`."""

    def register(handler: Handler[P]) -> Handler[P]:
        HANDLERS[action.code] = handler
        return handler

    return register


async def dispatch(interaction: Interaction, code: str, about: str, mark: str) -> None:
    """Checks access, parses the payload, runs the handler. Reports errors to the person: discord.py only logs them."""
    try:
        await check_access(interaction)
        await _handler_of(code)(interaction, ACTIONS[code].payload.parse(about, mark))
    except Exception as error:
        await answer_failure(interaction, error)


def _handler_of(code: str) -> Handler[Any]:
    """Raises UnknownButton."""
    if code not in HANDLERS:
        raise UnknownButton(code)
    return HANDLERS[code]
