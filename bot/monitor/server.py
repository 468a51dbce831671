"""The HTTP server for health checks and metrics; off unless HTTP_PORT is set."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from bot.domain.shards import ShardCondition
from bot.errors import SettingsError
from bot.monitor.health import Condition, GatewayCondition, Monitor
from bot.monitor.metrics import exposition, standby_exposition

log = logging.getLogger(__name__)


@asynccontextmanager
async def monitored(monitor: Monitor, host: str, port: int) -> AsyncIterator[None]:
    """Serves while the context is open. Raises SettingsError for an address that cannot be listened on."""
    runner = web.AppRunner(_application(monitor), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise SettingsError([f"HTTP_HOST, HTTP_PORT: {host}:{port} cannot be served: {error.strerror}"]) from error
    log.info("health and metrics at http://%s:%d", host, port)


def _application(monitor: Monitor) -> web.Application:
    async def alive(_request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def ready(_request: web.Request) -> web.Response:
        if monitor.health is None:
            return web.json_response(_standby(monitor), status=503)
        condition = await monitor.health.check()
        return web.json_response(_readiness(condition), status=200 if condition.ready else 503)

    async def metrics(_request: web.Request) -> web.Response:
        body = exposition(await monitor.health.check()) if monitor.health else standby_exposition()
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    application = web.Application()
    application.router.add_get("/healthz", alive)
    application.router.add_get("/readyz", ready)
    application.router.add_get("/metrics", metrics)
    return application


def _standby(monitor: Monitor) -> dict[str, Any]:
    state = monitor.state()
    known = {"ready": False, "leads": False, "leader": state.leader, "database_reachable": not state.error}
    faults = {"database_error": state.error, "cannot_take_over": state.cannot}
    return known | {name: text for name, text in faults.items() if text}


def _readiness(condition: Condition) -> dict[str, Any]:
    return {
        "ready": condition.ready,
        "leads": True,
        "discord_connected": condition.connected,
        "shards": {str(shard.id): _shard(shard) for shard in condition.shards},
        "database_writable": condition.backlog is not None,
        "oldest_due_task_lateness_seconds": condition.lateness,
        "oldest_waiting_delivery_age_seconds": condition.waiting,
        "gateways": {gateway.name: _last_answer(gateway, condition.now) for gateway in condition.gateways},
    }


def _shard(shard: ShardCondition) -> dict[str, Any]:
    return {"connected": shard.connected, "servers": shard.servers, "latency_seconds": shard.latency}


def _last_answer(gateway: GatewayCondition, now: float) -> dict[str, Any]:
    if gateway.answer_age is None:
        return {"last_answer_at": None, "last_answer_age_seconds": None}
    at = datetime.fromtimestamp(now - gateway.answer_age, UTC)
    return {"last_answer_at": at.isoformat(timespec="seconds"), "last_answer_age_seconds": gateway.answer_age}
