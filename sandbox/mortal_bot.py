"""The bot as a process of its own that dies at a step of an order: `python -m sandbox.mortal_bot STEP ORDER URL run`.

It dies by SIGKILL, as from outside: nothing is closed, written or said any more. All else is the unmodified bot.
"""

import functools
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Literal

from aiohttp.tracing import Trace
from sqlalchemy import Engine, event

from bot.domain.order import Order
from bot.gateways.submitter import Submitter
from bot.storage.orders import OrderStore
from sandbox.redirected_bot import run

Step = Literal["begin", "begun", "headers", "answered", "commit", "committed"]
"""`begin`: it is going to be called *sending*; `begun`: that is committed; `headers`: they have left; `answered`: the
gateway has; `commit`: what that means is written, and `committed`: is on the disk.
"""

_storing: ContextVar[str] = ContextVar("storing", default="")
_submitting: ContextVar[str] = ContextVar("submitting", default="")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_at_once(*_: Any, **__: Any) -> None:
    die()


def prepare(step: str, order_id: str) -> None:
    """From now on that step is the last one. An order is known at the gateway by its words, which are its id."""
    match step:
        case "begin":
            _around(OrderStore, "begin", before=_die_at_once)
        case "begun":
            _around(OrderStore, "begin", after=_die_of(order_id))
        case "headers":
            _around(Submitter, "submit", before=_note_submission)
            _around(Trace, "send_request_headers", after=_die_if(_submitting, order_id))
        case "answered":
            _around(Submitter, "submit", before=_note_submission, after=_die_if(_submitting, order_id))
        case "commit":
            for name in ("accept", "move"):
                _around(OrderStore, name, before=_note_storing)
            event.listen(Engine, "commit", _die_if(_storing, order_id))
        case "committed":
            for name in ("accept", "move"):
                _around(OrderStore, name, before=_note_storing, after=_die_if(_storing, order_id))


def _note_storing(_store: OrderStore, order: Any, *_: Any, **__: Any) -> None:
    _storing.set(order.id)


def _note_submission(_submitter: Submitter, submission: Any, **_: Any) -> None:
    _submitting.set(submission.body["gpt_description_prompt"])


def _die_of(order_id: str) -> Callable[[Order | None], None]:
    def look(order: Order | None) -> None:
        if order and order.id == order_id:
            die()

    return look


def _die_if(current: ContextVar[str], order_id: str) -> Callable[..., None]:
    def look(*_: Any) -> None:
        if current.get() == order_id:
            die()

    return look


def _around(
    owner: type, name: str, *, before: Callable[..., Any] | None = None, after: Callable[[Any], Any] | None = None
) -> None:
    method: Callable[..., Awaitable[Any]] = getattr(owner, name)

    @functools.wraps(method)
    async def watched(*values: Any, **named: Any) -> Any:
        if before:
            before(*values, **named)
        result = await method(*values, **named)
        if after:
            after(result)
        return result

    setattr(owner, name, watched)


if __name__ == "__main__":
    step, order_id = sys.argv.pop(1), sys.argv.pop(1)
    prepare(step, order_id)
    run()
