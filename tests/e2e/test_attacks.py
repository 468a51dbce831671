"""Hostile input from every side during ordinary use: no unexpected errors, and the next request is served."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.local_discord.messages import Upload
from sandbox.local_gateway.fake_task import FakeTask
from sandbox.local_gateway.server import Fault
from sandbox.local_gateway.songs import audio
from tests.conftest import Env
from tests.messages import buttons
from tests.sample_tasks import DONE, FAST, ONE, TWO

pytestmark = pytest.mark.faults

GOOD = FakeTask("33333333-2222-4333-8444-555555555555", songs=(ONE, TWO))
SOUND, _ = audio("dawn", 3.0)


@pytest.fixture(autouse=True)
def _nothing_unforeseen(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    unforeseen = [each.getMessage() for each in caplog.records if each.exc_info and each.levelno >= logging.ERROR]
    assert unforeseen == []


async def check_that_it_serves(env: Env) -> None:
    env.gateway.faults.clear()
    env.gateway.media_faults.clear()
    env.gateway.add(GOOD)
    answer = await env.status(GOOD.id)
    await env.discord.hub.until(lambda: len(answer["attachments"]) == 2)


def fields(**changed: Any) -> Callable[[bytes], bytes]:
    """Every song of every task has these."""

    def change(body: bytes) -> bytes:
        answer = json.loads(body)
        tasks = answer["data"] if isinstance(answer["data"], list) else [answer["data"]]
        for task in tasks:
            for name, value in changed.items():
                if name in task:
                    task[name] = value
            for clip in task.get("data") or []:
                clip.update(changed)
        return json.dumps(answer).encode()

    return change


BODIES = {
    "numbers without end": fields(duration=1e308 * 10, progress=float("nan"), finish_time=float("inf")),
    "times beyond all calendars": fields(
        submit_time=9e18, finish_time=-9e18, start_time=2**63, updated_at="9" * 400, created_at="0000-00-00T99:99:99Z"
    ),
    "half of a character": fields(title="\ud800 a \udfff", prompt="\udc00" * 50, tags="\ud83d", fail_reason="\ud800"),
    "marks on marks": fields(title="a" + "\u0301" * 90_000, tags="\u202e" * 9_000, prompt="\u200b" * 90_000),
    "ids that are none": fields(clip_id="../../x\n:y", id=["a"], task_id=None),
    "ids as long as a book": fields(clip_id="c" * 90_000, id="c" * 90_000),
    "addresses that are none": fields(
        audio_url="http://[::1", image_url="javascript:alert(1)", image_large_url="http://a:99999/x", video_url="//"
    ),
    "addresses with everything": fields(
        audio_url="http://user:pass@" + "a." * 2_000 + "com/\ud800?" + "q" * 90_000, image_url="http://\u202e.com/\0"
    ),
    "objects in place of texts": fields(title={"a": {"b": [1]}}, tags=[["x"]] * 900, prompt=True, duration={"s": 1}),
    "markdown, mentions and code without an end": fields(
        title="@everyone <@&1> [x](http://a) ```" * 900,
        tags="||" * 9_000,
        prompt="# " * 20_000 + "<t:99999999999999:R>",
    ),
}


@pytest.mark.parametrize("change", BODIES.values(), ids=BODIES)
async def test_a_gateway_says_it(env: Env, change: Callable[[bytes], bytes]) -> None:
    env.gateway.add(DONE)
    env.gateway.faults.append(Fault(200, change=change, headers={"Content-Type": "application/json"}))
    async with env.bot(**FAST):
        answer = await env.status(DONE.id)
        if "Lyrics" in buttons(answer):
            await env.finished(await env.ada.press(answer, "Lyrics"))
        await env.watch(DONE.id)
        await env.clock.advance(120, step=5)
        await env.finished(await env.ada.slash(env.channel, "suno batch", ids=f"{DONE.id} {GOOD.id}"))
        await env.ada.autocomplete(env.channel, "suno status", id="a")
        await check_that_it_serves(env)


HOSTS = {
    "a length below nothing": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nxxxxx",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\nxxxxxxxxx",
    "a length without end": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 4_400 + b"\r\n\r\n" + SOUND,
    "a place that is none": b"HTTP/1.1 302 Found\r\nLocation: http://[::\x01]:x/\xff\xfe\r\nContent-Length: 0\r\n\r\n",
    "a type that is none": b"HTTP/1.1 200 OK\r\nContent-Type: \xff\xfe;;;=\r\nContent-Length: 3\r\n\r\nID3",
    "a tag larger than the file": b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nID3\x04\x00\x40\x7f\x7f\x7f\x7f"
    + b"\xff" * 20,
    "an encoding that it is not in": b"HTTP/1.1 200 OK\r\nContent-Encoding: zstd, br\r\nContent-Length: 3\r\n\r\nabc",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "a switch of protocols": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    + b"x" * 9_000,
    "a part that nobody asked for": b"HTTP/1.1 206 Part\r\nContent-Range: bytes 9-3/x\r\nContent-Length: 3\r\n\r\nabc",
}


@pytest.mark.parametrize("raw", HOSTS.values(), ids=HOSTS)
@pytest.mark.usefixtures("impatient")
async def test_a_host_of_songs_says_it(env: Env, raw: bytes) -> None:
    env.gateway.add(DONE)
    env.gateway.media_faults.append(Fault(raw=raw))
    async with env.bot(**FAST):
        await env.status(DONE.id)
        await env.watch(DONE.id)
        await env.clock.advance(30, step=5)
        await check_that_it_serves(env)


TEXTS = {
    "half of a character": "\ud800" * 100,
    "nothing that can be seen": "\u200b\u2060\ufeff" * 900,
    "right to left": "\u202e" + DONE.id[::-1],
    "all planes": "".join(map(chr, range(0x1F300, 0x1F300 + 1_500))),
    "a null": f"\0{DONE.id}\0",
    "figures of the world": "١٢٣٤٥٦٧٨-٢٢٢٢-४३३३-๘๔๔๔-५५५५५५५५५५५५",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
async def test_a_person_types_it(env: Env, text: str) -> None:
    env.gateway.add(DONE)
    async with env.bot(**FAST):
        for name in ("status", "unwatch", "lyrics"):
            await env.ada.autocomplete(env.channel, f"suno {name}", id=text)
            await env.finished(await env.ada.slash(env.channel, f"suno {name}", id=text))
        for name in ("watch", "batch"):
            await env.finished(await env.ada.slash(env.channel, f"suno {name}", ids=text))
        for encoding in ("utf-8", "utf-16-be", "utf-32", "utf-7"):
            content = text.encode(encoding, "replace")
            file = Upload("\u202egnp.exe", content, "text/plain; charset=utf-99")
            await env.finished(await env.ada.slash(env.channel, "suno batch", file=file))
        await check_that_it_serves(env)


EVENTS: dict[str, dict[str, Any]] = {
    "an interaction of a new type": {"type": 99},
    "a command without its options": {"data": {"id": "1", "name": "suno", "type": 1}},
    "a command that nobody gave": {
        "data": {"id": "1", "name": "x" * 32, "type": 1, "options": [{"name": "a", "type": 77}]}
    },
    "a component of a new kind": {"type": 3, "data": {"custom_id": "s1:rf:0:x", "component_type": 77}},
    "a button without its name": {"type": 3, "data": {"custom_id": "", "component_type": 2}},
    "a form without its fields": {"type": 5, "data": {"custom_id": "x", "components": []}},
    "an unknown place": {"channel_id": "1", "channel": {"id": "1", "type": 250}, "guild_id": "1"},
    "a language that is none": {"locale": "tlh-KX"},
}


@pytest.mark.parametrize("changed", EVENTS.values(), ids=EVENTS)
async def test_discord_says_it(env: Env, changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    env.gateway.add(DONE)
    interactions = env.discord.interactions
    true = interactions._payload
    async with env.bot(**FAST):
        card = await env.status(DONE.id)
        with monkeypatch.context() as patch:
            patch.setattr(interactions, "patience", 0.3)  # the bot need not answer what makes no sense
            patch.setattr(interactions, "_payload", lambda one: true(one) | changed)
            await env.ada.slash(env.channel, "suno status", id=DONE.id)
            await env.ada.press(card, "Lyrics")
        await check_that_it_serves(env)


@pytest.mark.parametrize("name", ["a command without its options", "a command that nobody gave"])
async def test_a_command_that_discord_remembers_from_an_older_bot(
    env: Env, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    interactions = env.discord.interactions
    true = interactions._payload
    monkeypatch.setattr(interactions, "_payload", lambda one: true(one) | EVENTS[name])
    async with env.bot():
        answer = await env.status(DONE.id)
    assert "That command has changed" in answer["content"]
