"""The health checks and metrics of a running bot, requested as Prometheus and containers do."""

import asyncio
import socket
import sqlite3
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sandbox.local_discord.faults import Fault as DiscordFault
from sandbox.local_gateway.fake_task import FakeTask
from sandbox.local_gateway.server import Fault
from tests.bot_process import Start, ended
from tests.conftest import KEY, TOKEN, Env
from tests.sample_tasks import DONE

Values = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


class Operator:
    """Asks as `curl` does."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self._base = base
        self.health = ""

    async def status(self, path: str) -> int:
        async with self._session.get(f"{self._base}{path}") as answer:
            self.health += await answer.text()
            return answer.status

    async def readiness(self) -> tuple[int, dict[str, Any]]:
        async with self._session.get(f"{self._base}/readyz") as answer:
            self.health += await answer.text()
            return answer.status, await answer.json()

    async def metrics(self) -> Values:
        async with self._session.get(f"{self._base}/metrics") as answer:
            text = await answer.text()
        self.health += text
        families = text_string_to_metric_families(text)
        return {(each.name, frozenset(each.labels.items())): each.value for one in families for each in one.samples}


@pytest.fixture
async def operator(port: int) -> AsyncIterator[Operator]:
    async with aiohttp.ClientSession() as session:
        yield Operator(session, f"http://127.0.0.1:{port}")


def value(values: Values, name: str, **labels: str) -> float:
    return values[f"suno_watch_{name}", frozenset(labels.items())]


async def test_a_bot_that_serves_is_alive_and_ready(env: Env, operator: Operator, port: int) -> None:
    async with env.bot(http_port=port):
        assert await operator.status("/healthz") == 200
        status, before = await operator.readiness()
        assert (status, before["ready"], before["discord_connected"], before["database_writable"]) == (
            200, True, True, True,
        )  # fmt: skip
        assert before["gateways"] == {"default": {"last_answer_at": None, "last_answer_age_seconds": None}}
        await env.status("task_abcd")
        _, after = await operator.readiness()
    assert 0 <= after["gateways"]["default"]["last_answer_age_seconds"] < 30
    assert after["gateways"]["default"]["last_answer_at"].endswith("+00:00")
    assert (after["oldest_due_task_lateness_seconds"], after["oldest_waiting_delivery_age_seconds"]) == (0, 0)


async def test_waiting_deliveries_are_measured(env: Env, operator: Operator, port: int) -> None:
    env.gateway.add(DONE, FakeTask("task_slow", states=((0, "queued"),)))
    env.discord.faults.fail(r"^/channels/\d+/messages$", 503, times=100)
    async with env.bot(http_port=port):
        await env.watch(DONE.id, "task_slow")
        await env.discord.hub.until(lambda: any(each.path.endswith("/messages") for each in env.discord.requests))
        env.gateway.faults.append(Fault(500))
        env.clock.jump(60)
        await env.settle_down()
        _, health = await operator.readiness()
        values = await operator.metrics()
    assert health["oldest_waiting_delivery_age_seconds"] >= 60
    assert health["oldest_due_task_lateness_seconds"] > 20
    assert value(values, "unsent_deliveries", state="waiting") == 1
    assert value(values, "delivery_wait_seconds") >= 60
    assert value(values, "deliveries_total", outcome="later") >= 1


async def test_outcomes_are_counted(env: Env, operator: Operator, port: int) -> None:
    env.gateway.add(DONE)
    async with env.bot(http_port=port):
        zero = await operator.metrics()
        await env.watch(DONE.id, "task_unknown")
        await env.posts()
        await env.discord.hub.until(lambda: len(env.gateway.requests) > 0)
        env.gateway.faults.append(Fault(401, b'{"error":{"message":"bad key"}}'))
        await env.status("task_other")
        values = await operator.metrics()
    assert value(zero, "gateway_requests_total", gateway="default", outcome="answered") == 0
    assert value(values, "gateway_requests_total", gateway="default", outcome="answered") >= 1
    assert value(values, "gateway_requests_total", gateway="default", outcome="refused") >= 1
    assert value(zero, "deliveries_total", outcome="sent") == 0
    assert value(values, "deliveries_total", outcome="sent") == 1
    assert value(values, "open_watches") == 1
    assert value(values, "discord_connected") == value(values, "database_writable") == 1
    assert value(values, "gateway_last_answer_timestamp_seconds", gateway="default") > 1e9
    assert any(name == "suno_watch_build_info" for name, _ in values)
    assert any(name == "process_resident_memory_bytes" for name, _ in values)
    assert not any(secret in operator.health for secret in (KEY, TOKEN))


async def test_without_discord_it_is_alive_but_not_ready(env: Env, operator: Operator, port: int, start: Start) -> None:
    env.discord.faults.order(DiscordFault("/users/@me", 503, times=1000))
    await start(HTTP_PORT=str(port))
    await env.discord.hub.until(lambda: bool(env.discord.requests), 20)
    assert await operator.status("/healthz") == 200
    status, health = await operator.readiness()
    assert (status, health["ready"], health["discord_connected"], health["database_writable"]) == (
        503,
        False,
        False,
        True,
    )


async def test_a_discord_that_goes_away_is_noticed(env: Env, operator: Operator, port: int) -> None:
    async with env.bot(http_port=port):
        assert (await operator.readiness())[0] == 200
        await env.discord.__aexit__(None, None, None)
        async with asyncio.timeout(20):
            while (await operator.readiness())[0] == 200:
                pass
        assert await operator.status("/healthz") == 200


async def test_a_database_that_fails_is_noticed(env: Env, operator: Operator, port: int, tmp_path: Path) -> None:
    async with env.bot(http_port=port):
        await asyncio.to_thread(_drop_notes, tmp_path / "bot.db")
        status, health = await operator.readiness()
        values = await operator.metrics()
    assert (status, health["discord_connected"], health["database_writable"]) == (503, True, False)
    assert health["oldest_waiting_delivery_age_seconds"] is None
    assert value(values, "database_writable") == 0
    assert not any(name == "suno_watch_open_watches" for name, _ in values)


def _drop_notes(file: Path) -> None:
    with sqlite3.connect(file) as database:
        database.execute("DROP TABLE notes")
    database.close()


async def test_a_port_that_is_taken_is_a_faulty_setting(port: int, start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        code, errors = await ended(await start(HTTP_PORT=str(port)))
    assert code == 78
    assert f"HTTP_HOST, HTTP_PORT: 127.0.0.1:{port} cannot be served" in errors
    assert "Traceback" not in errors


async def test_without_the_setting_nobody_listens(env: Env, operator: Operator) -> None:
    async with env.bot():
        with pytest.raises(aiohttp.ClientConnectorError):
            await operator.status("/healthz")
