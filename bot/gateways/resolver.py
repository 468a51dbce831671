"""Resolves host names in threads of its own: an unresponsive name server blocks nobody else.

asyncio resolves in a few threads that the whole program shares: some hanging names would block all others.
"""

import asyncio
import socket
import threading
from concurrent.futures import Future
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

_TIMEOUT = 5.0  # seconds
_AT_ONCE = 64  # names; a waiting thread cannot be ended

_Question = tuple[str, int, socket.AddressFamily]
_Found = list[tuple[Any, ...]]  # as socket.getaddrinfo returns it


class Resolver(AbstractResolver):
    """Raises OSError, also if a name server takes too long."""

    def __init__(self) -> None:
        self._pending: dict[_Question, Future[_Found]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        question = (host, port, family)
        pending = self._pending.get(question) or self._ask(question)
        answer = asyncio.wrap_future(pending)
        answer.add_done_callback(lambda late: late.cancelled() or late.exception())  # perhaps nobody waits any more
        await asyncio.wait({answer}, timeout=_TIMEOUT)
        if not answer.done():
            raise TimeoutError(f"no address of {host}")
        return [
            ResolveResult(
                hostname=host,
                host=address[0],
                port=address[1],
                family=kind,
                proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, proto, _, address in answer.result()
        ]

    def _ask(self, question: _Question) -> Future[_Found]:
        """In a thread that does not keep the program alive."""
        if len(self._pending) >= _AT_ONCE:
            raise OSError("too many names are being resolved")
        pending = self._pending[question] = Future()
        pending.add_done_callback(lambda _: self._pending.pop(question, None))
        threading.Thread(target=_answer, args=(pending, question), daemon=True, name="name of a media host").start()
        return pending

    async def close(self) -> None:
        """The threads end by themselves."""


def _answer(pending: Future[_Found], question: _Question) -> None:
    host, port, family = question
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG)
    except (OSError, UnicodeError) as error:  # UnicodeError for a name that cannot be one
        pending.set_exception(error)
    else:
        pending.set_result(found)
