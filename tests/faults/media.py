"""Faults of the hosts that keep the songs."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from bot.gateways import media
from sandbox.local_gateway.fake_task import Song
from sandbox.local_gateway.server import Fault
from tests.faults.rows import MINUTE, Begin, Fate, Row
from tests.faults.scenario import SONGS, TASK, Scenario

_MIB = 1024 * 1024
_PAGE = b"<!doctype html><title>Sign in</title>"
_PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(5_000)
_SOUND = b"ID3\x04" + bytes(_MIB)
_HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
_CRUMBS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 9_000
_PUBLIC = "4000::1"  # public by its number, and nobody's: from there no answer comes


def answers(status: int = 200, body: bytes = b"", **more: Any) -> Begin:
    """Every request for a song is answered with this."""

    @asynccontextmanager
    async def begin(scenario: Scenario) -> AsyncIterator[None]:
        scenario.env.gateway.media_faults.append(Fault(status, body, path="^/audio/", **more))
        yield
        scenario.env.gateway.media_faults.clear()

    return begin


def impatient(fault: Begin) -> Begin:
    """The same, with a bot that is soon out of patience."""

    @asynccontextmanager
    async def begin(scenario: Scenario) -> AsyncIterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("BRISK", "PATIENT"):
                hasty = structs.replace(getattr(media, name), connect=0.5, answer=1.0, window=0.3)
                patch.setattr(media, name, hasty)
            async with fault(scenario):
                yield

    return begin


@asynccontextmanager
async def private_redirect(scenario: Scenario) -> AsyncIterator[None]:
    async with answers(302, headers={"Location": f"{scenario.stranger.media_url}/audio"})(scenario):
        yield


def named(address: Callable[[Scenario, Song], str]) -> Begin:
    """The gateway names another address of each song."""

    @asynccontextmanager
    async def begin(scenario: Scenario) -> AsyncIterator[None]:
        songs = tuple(replace(song, audio_url=address(scenario, song)) for song in SONGS)
        scenario.env.gateway.add(replace(TASK, songs=songs))
        yield
        scenario.env.gateway.add(TASK, age=10 * MINUTE)

    return begin


def _forbidden(_scenario: Scenario, song: Song) -> str:
    return f"https://media.test/{song.clip_id}/api/forbidden"


def _rebound(scenario: Scenario, song: Song) -> str:
    name, port = f"{song.clip_id}.test", scenario.env.gateway.media_host.rpartition(":")[2]
    scenario.names.lead(name, _PUBLIC, "127.0.0.1")
    return f"http://{name}:{port}/audio/{song.clip_id}"


def late(name: str, fault: Begin, answer: str) -> Row:
    """A song whose audio may be there a moment later."""
    return Row(name, fault, answer, channel="audio.waiting", within=2 * MINUTE)


def linked(name: str, fault: Begin, answer: str) -> Row:
    """A song whose audio cannot be posted, now or later."""
    return Row(name, fault, answer, post=answer, fate=Fate.LINKS, files=0, within=0)


ROWS = (
    late("no answer", impatient(answers(200, delay=3_600)), "audio.unavailable"),
    late("early hints (103) without end", answers(raw=_HINT * 1_000, endless=True), "audio.unavailable"),
    late("the song arrives very slowly", impatient(answers(200, _SOUND, pause=0.05)), "audio.unavailable"),
    late("it stops in the middle", impatient(answers(200, _SOUND, stall_after=9_000)), "audio.unavailable"),
    late("chunks of one byte", answers(raw=_CRUMBS, endless=True), "audio.unavailable"),
    late("403", answers(403), "audio.unavailable"),
    late("404", answers(404), "audio.unavailable"),
    late("500", answers(500), "audio.unavailable"),
    late("connection cut in the middle", answers(200, _SOUND, stall_after=9_000, cut=True), "audio.unavailable"),
    late("200 with a web page", answers(200, _PAGE), "audio.unusable"),
    late("an address that ends in /api/forbidden", named(_forbidden), "audio.none"),
    late("200 with nothing", answers(200), "audio.unusable"),
    late("other bytes than audio", answers(200, _PICTURE, headers={"Content-Type": "audio/mpeg"}), "audio.unusable"),
    linked("larger than may be posted, as it says", answers(200, _SOUND * 21), "audio.toobig"),
    linked(
        "larger than may be posted, and it does not say, or has no end",
        answers(200, _SOUND, endless=True),
        "audio.endless",
    ),
    linked("a redirect to a private address", private_redirect, "audio.forbidden"),
    linked("a name with a public address, then a private one", impatient(named(_rebound)), "audio.forbidden"),
)
