"""Faults of a gateway, and of the way to it."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from sandbox.local_gateway.server import Fault
from tests.faults.rows import MINUTE, Begin, Fate, Row
from tests.faults.scenario import Scenario

_MIB = 1024 * 1024
_PATIENCE = 0.1  # seconds
_PAGE = b"<!doctype html><title>Gateway</title><h1>Welcome</h1>"
_NOWHERE = "gateway.test"


def answers(status: int, body: bytes = b"", **more: Any) -> Begin:
    """Every request is answered with this."""

    @asynccontextmanager
    async def begin(scenario: Scenario) -> AsyncIterator[None]:
        scenario.env.gateway.faults.append(Fault(status, body, **more))
        yield
        scenario.env.gateway.faults.clear()

    return begin


def never_answers(body: bytes = b"", **more: Any) -> Begin:
    """Not before the bot gives up, which it does sooner here."""

    @asynccontextmanager
    async def begin(scenario: Scenario) -> AsyncIterator[None]:
        scenario.patch.setattr("bot.gateways.gateway._TIMEOUT", aiohttp.ClientTimeout(total=_PATIENCE))
        async with answers(200, body, **more)(scenario):
            yield
        await asyncio.sleep(2 * _PATIENCE)  # what is on its way is given up

    return begin


def says_error(status: int, **error: str) -> Begin:
    return answers(status, json.dumps({"error": error}).encode())


def changes(change: Callable[[bytes], bytes], **headers: str) -> Begin:
    """The true answer, but for its body."""
    labels = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return answers(200, change=change, headers=labels)


def redirects(where: Callable[[Scenario], str]) -> Begin:
    @asynccontextmanager
    async def begin(scenario: Scenario) -> AsyncIterator[None]:
        scenario.env.gateway.faults.append(Fault(302, headers={"Location": where(scenario)}))
        yield
        scenario.env.gateway.faults.clear()

    return begin


@asynccontextmanager
async def refused(scenario: Scenario) -> AsyncIterator[None]:
    await scenario.proxy.close()
    yield
    await scenario.proxy.open()


@asynccontextmanager
async def without_address(scenario: Scenario) -> AsyncIterator[None]:
    yield
    scenario.names.lead(_NOWHERE, "127.0.0.1")


@asynccontextmanager
async def without_tls(scenario: Scenario) -> AsyncIterator[None]:
    scenario.trust_certificate()
    yield
    await scenario.proxy.close()
    await scenario.proxy.open(scenario.certificate)


@asynccontextmanager
async def untrusted(scenario: Scenario) -> AsyncIterator[None]:
    await scenario.proxy.close()
    await scenario.proxy.open(scenario.certificate)
    yield
    scenario.trust_certificate()


def _tasks(body: bytes) -> tuple[dict[str, Any], list[Any]]:
    """An answer, and its tasks."""
    answer = json.loads(body)
    return answer, answer["data"] if isinstance(answer["data"], list) else [answer["data"]]


def _with_strangers(body: bytes) -> bytes:
    answer, tasks = _tasks(body)
    others = [task | {"task_id": f"task_stranger{number}"} for number in range(3) for task in tasks]
    return json.dumps(answer | {"data": others + tasks}).encode()


def _with_the_past(body: bytes) -> bytes:
    answer, tasks = _tasks(body)
    past = [task | {"status": "IN_PROGRESS", "data": None} for task in tasks]
    return json.dumps(answer | {"data": tasks + past}).encode()


ROWS = (
    Row("400", answers(400, b'{"code":"invalid_request","message":"bad","data":null}'), "gw.broken"),
    Row("401", says_error(401, message="invalid token"), "gw.auth", owner="operator.refused"),
    Row("403", says_error(403, message="this key may not do that"), "gw.auth", owner="operator.refused"),
    Row("403 with a web page", answers(403, _PAGE), "gw.broken"),
    Row("404", says_error(404, message="Invalid URL"), "gw.misplaced", owner="operator.misplaced"),
    Row("429", answers(429), "gw.busy"),
    Row("429 with Retry-After: 600", answers(429, headers={"Retry-After": "600"}), "gw.busy_until", within=10 * MINUTE),
    Row("500", answers(500, b'{"code":"get_task_failed","message":"","data":null}'), "gw.broken"),
    Row("502 with a web page", answers(502, _PAGE), "gw.broken"),
    Row("503", says_error(503, message="system cpu overloaded"), "gw.busy"),
    Row("200 with a code of 430", answers(200, b'{"code":430,"msg":"too frequent","data":null}'), "gw.busy"),
    Row(
        "200 with a code of 401",
        answers(200, b'{"code":401,"msg":"no access","data":null}'),
        "gw.auth",
        owner="operator.refused",
    ),
    Row("connection refused", refused, "gw.down"),
    Row("connection cut", answers(0), "gw.down"),
    Row("its name has no address", without_address, "gw.down", address=f"http://{_NOWHERE}:{{port}}"),
    Row("TLS: plain HTTP on the port", without_tls, "gw.down", address="https://127.0.0.1:{port}"),
    Row("TLS: a self-signed certificate", untrusted, "gw.down", address="https://127.0.0.1:{port}"),
    Row("no headers in time", never_answers(delay=3_600), "gw.down"),
    Row("half of the body, then nothing", never_answers(b"{" * 99, stall_after=50), "gw.down"),
    Row("half of the body, then cut", answers(200, b"{" * 99, stall_after=50, cut=True), "gw.down"),
    Row("a very slow body", never_answers(b"{" * 3_600, pause=0.02), "gw.down"),
    Row("pieces of one byte without end", answers(200, b" ", endless=True), "gw.down"),
    Row("cut JSON", changes(lambda body: body[:-9]), "gw.broken"),
    Row("200 with a web page", answers(200, _PAGE), "gw.misplaced", owner="operator.misplaced"),
    Row("200 with nothing", answers(200), "gw.broken"),
    Row(
        "another charset than its label says",
        changes(lambda body: body.decode().encode("utf-16"), Content_Type="application/json; charset=gbk"),
        fate=Fate.ARRIVES,
    ),
    Row("50 MiB", changes(lambda body: body + b" " * 50 * _MIB), "gw.broken"),
    Row(
        "a gzip bomb",
        changes(lambda body: gzip.compress(body + bytes(100 * _MIB), 1), Content_Encoding="gzip"),
        "gw.broken",
    ),
    Row("a redirect loop", redirects(lambda _: "/suno/fetch"), "gw.misplaced", owner="operator.misplaced"),
    Row(
        "a redirect to another host",
        redirects(lambda scenario: f"{scenario.stranger.url}/suno/fetch"),
        "gw.misplaced",
        owner="operator.misplaced",
    ),
    Row("tasks that were not asked for", changes(_with_strangers), fate=Fate.ARRIVES),
    Row("a task twice, in two states", changes(_with_the_past), "st.running"),
)
