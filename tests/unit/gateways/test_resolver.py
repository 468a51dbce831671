"""Names of hosts into addresses, whatever name servers do."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from bot.gateways import resolver as module
from bot.gateways.resolver import Resolver


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Names under .slow have a name server that does not answer; the names that were asked for."""
    system, over = socket.getaddrinfo, threading.Event()
    asked: list[str] = []

    def ask(host: str, *arguments: Any, **options: Any) -> Any:
        asked.append(host)
        if host.endswith(".slow"):
            over.wait(30)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return system("127.0.0.1", *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    monkeypatch.setattr(module, "_TIMEOUT", 0.2)
    yield asked
    over.set()


@pytest.mark.usefixtures("hanging")
async def test_names_that_hang_hold_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TIMEOUT", 30)
    resolver = Resolver()
    slow = [asyncio.create_task(resolver.resolve(f"{number}.slow", 80)) for number in range(40)]
    await asyncio.sleep(0)
    (found,) = await resolver.resolve("songs.example", 443)
    assert (found["host"], found["port"], found["hostname"]) == ("127.0.0.1", 443, "songs.example")
    assert not any(each.done() for each in slow)
    assert await asyncio.to_thread(lambda: "the threads that all share are free") is not None
    for each in slow:
        each.cancel()
    await asyncio.wait(slow)


async def test_one_thread_asks_for_a_name_however_many_wait(hanging: list[str]) -> None:
    resolver = Resolver()
    answers = await asyncio.gather(*(resolver.resolve("a.slow", 80) for _ in range(9)), return_exceptions=True)
    assert {type(each) for each in answers} == {TimeoutError}
    assert hanging == ["a.slow"]


@pytest.mark.usefixtures("hanging")
async def test_threads_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 3)
    resolver = Resolver()
    asked = [asyncio.create_task(resolver.resolve(f"{number}.slow", 80)) for number in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(OSError, match="too many"):
        await resolver.resolve("another.slow", 80)
    await asyncio.gather(*asked, return_exceptions=True)


async def test_a_name_that_cannot_be_one_is_an_error() -> None:
    with pytest.raises((OSError, UnicodeError)):
        await Resolver().resolve("a" * 300 + ".example", 80)
