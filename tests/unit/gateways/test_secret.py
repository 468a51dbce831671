"""The key in any encoding is redacted."""

import base64
import html
import json
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
import pytest

from bot.domain.task import Answer, Clip, Status, Task, TaskKind
from bot.errors import GatewayRefused
from bot.gateways.gateway import Gateway
from bot.gateways.secret import Secret
from sandbox.local_gateway.server import Fault, LocalGateway
from tests.linear_time import TIMES, grows_linearly

KEY = "sk-pLm/4&Qz+81ab-CdEfGh72kLw0XyRt9"


@pytest.fixture
def known(gateway: LocalGateway, session: aiohttp.ClientSession) -> Gateway:
    gateway.key = None
    return Gateway("default", gateway.url, KEY, session)


def escaped(text: str) -> str:
    return json.dumps(text).replace("/", "\\/").replace("&", "\\u0026").replace("-", "\\u002d")


def task(reason: str = "florp", **clip: Any) -> str:
    clips = [{"id": "c", "status": "complete", "audio_url": "https://f.example/a.mp3"} | clip]
    return json.dumps({"data": {"task_id": "t", "status": "FAILURE", "fail_reason": reason, "data": clips}})


BODIES = {
    "as it is": task(f"bad key {KEY}").encode(),
    "escaped": task("KEY").replace('"KEY"', escaped(f"bad key {KEY}")).encode(),
    "UTF-16": task(f"bad key {KEY}").encode("utf-16"),
    "UTF-32": task(f"bad key {KEY}").encode("utf-32"),
    "JSON within JSON": json.dumps({"data": task("KEY").replace('"KEY"', escaped(KEY))}).encode(),
    "escaped twice": task(escaped(KEY)).encode(),
    "percent-encoded": task(quote(KEY, safe="")).encode(),
    "in all percents": task("".join(f"%{ord(each):02X}" for each in KEY)).encode(),
    "as entities": task(html.escape(KEY)).encode(),
    "in numbered entities": task("".join(f"&#{ord(each)};" for each in KEY)).encode(),
    "base64": task(base64.b64encode(f"Authorization: Bearer {KEY}!".encode()).decode()).encode(),
    "hexadecimal": task(KEY.encode().hex()).encode(),
    "with spaces": task(" ".join(KEY)).encode(),
    "on two lines": task(f"{KEY[:15]}\n{KEY[15:]}").encode(),
    "with what nobody sees": task("\u200b".join(KEY)).encode(),
    "a half": task(f"it begins with {KEY[:14]}").encode(),
    "over fields": task(KEY[:8], title=KEY[8:16], tags=KEY[16:24], text=KEY[24:]).encode(),
    "in an address": task(audio_url=f"https://f.example/a.mp3?key={quote(KEY, safe='')}").encode(),
    "in another address": task(media_urls=[f"https://f.example/{KEY}.mp3"]).encode(),
    "in a name": task(id=KEY, title=KEY, model=KEY).encode(),
}


def exposed(text: str) -> bool:
    """Whether any six characters of it stand there, in the clear or encoded."""
    shapes = {KEY, quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode(), KEY.encode().hex()}
    parts = {shape[start : start + 9] for shape in shapes for start in range(len(shape) - 9)}
    return any(part in text or part in "".join(text.split()) for part in parts)


@pytest.mark.parametrize("name", BODIES)
async def test_no_answer_tells_the_key(known: Gateway, gateway: LocalGateway, name: str) -> None:
    gateway.faults.append(Fault(200, BODIES[name]))
    for answer in (await known.fetch("t"), await known.fetch_many(["t"])):
        assert answer.tasks["t"].status is Status.FAILED
        assert not exposed(msgspec.json.encode(answer).decode().replace("\\", ""))


@pytest.mark.parametrize("said", [KEY, quote(KEY, safe=""), escaped(KEY), " ".join(KEY), f"a{KEY[:20]}"])
async def test_no_error_tells_the_key(known: Gateway, gateway: LocalGateway, said: str) -> None:
    gateway.faults.append(Fault(403, json.dumps({"error": {"message": f"no, {said}"}}).encode()))
    with pytest.raises(GatewayRefused) as refused:
        await known.fetch("t")
    assert "no," in refused.value.words
    assert not exposed(f"{refused.value} {refused.value.words}")


def test_text_that_is_not_the_key_stays() -> None:
    clip = Clip(id="c", status=Status.DONE, title="100 % of a & b \\o/", audio_url="https://f.example/a%2Fb.mp3?x=%28")
    found = Task(id="t", kind=TaskKind.MUSIC, status=Status.DONE, reason=f"{KEY[:11]} {KEY[5:16]}", clips=(clip,))
    assert Secret(KEY).clean(Answer({"t": found})) == Answer({"t": found})
    assert Secret("short").redact("this is short") == "this is short"


@pytest.mark.parametrize("shape", [KEY[:11], KEY, f"{KEY[:6]} ", "%", "&#", "\\u", KEY[6:12]])
def test_striking_is_linear(shape: str) -> None:
    assert grows_linearly(Secret(KEY).redact, shape * 4_000, shape * 4_000 * TIMES)
