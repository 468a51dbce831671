"""Names of hosts into addresses, in threads of their own: a name server that does not answer holds up nobody else.

asyncio asks in a few threads that all of the program shares: some names that hang, and no other one is found.
"""

import asyncio
import socket
import threading
from concurrent.futures import Future
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

_PATIENCE = 5.0  # seconds
_AT_ONCE = 64  # names; a thread that waits cannot be ended

_Question = tuple[str, int, socket.AddressFamily]
_Found = list[tuple[Any, ...]]  # as socket.getaddrinfo has it


class Resolver(AbstractResolver):
    """Raises OSError, also when a name server takes too long."""

    def __init__(self) -> None:
        self._asked: dict[_Question, Future[_Found]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        question = (host, port, family)
        asked = self._asked.get(question) or self._ask(question)
        answer = asyncio.wrap_future(asked)
        answer.add_done_callback(lambda late: late.cancelled() or late.exception())  # perhaps nobody waits any more
        await asyncio.wait({answer}, timeout=_PATIENCE)
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
        """In a thread that does not keep the program from ending."""
        if len(self._asked) >= _AT_ONCE:
            raise OSError("too many names are asked for")
        asked = self._asked[question] = Future()
        asked.add_done_callback(lambda _: self._asked.pop(question, None))
        threading.Thread(target=_answer, args=(asked, question), daemon=True, name="name of a media host").start()
        return asked

    async def close(self) -> None:
        """The threads end by themselves."""


def _answer(asked: Future[_Found], question: _Question) -> None:
    host, port, family = question
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG)
    except (OSError, UnicodeError) as error:  # the latter for a name that cannot be one
        asked.set_exception(error)
    else:
        asked.set_result(found)
