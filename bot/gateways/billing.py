"""A gateway's prices, the key's balance, and its charges: only GETs, which cost nothing."""

import asyncio
from http import HTTPStatus
from typing import Any

import aiohttp
from msgspec import Struct

from bot.errors import GatewayError
from bot.gateways.account import USAGE_PATH
from bot.gateways.fields import parse_json
from bot.gateways.http_client import HttpClient
from bot.gateways.pricing import (
    QUOTA_PER_UNIT,
    Balance,
    Charge,
    Prices,
    balance_in,
    billing_in,
    charges_in,
    prices_in,
    quota_per_unit,
    sells_songs,
)

_TIMEOUT = aiohttp.ClientTimeout(total=15, sock_connect=5)
_MAX_BODY = 8 * 1024 * 1024  # bytes; a day's log has some hundred kilobytes


class AccountState(Struct, frozen=True):
    """`balance` None: unknown. `sells_songs`: whether the key's list of models has songs; None: there is no list."""

    prices: Prices
    balance: Balance | None
    sells_songs: bool | None = None


class Billing:
    """One gateway's account. What it does not tell is unknown, never an error."""

    def __init__(self, name: str, base_url: str, key: str, session: aiohttp.ClientSession) -> None:
        self.name = name
        self._http = HttpClient(base_url, key, session)
        self._per_unit: float | None = None

    async def state(self) -> AccountState:
        prices, balance = prices_in(await self._get("/api/pricing")), await self._balance()
        return AccountState(prices, balance, sells_songs(await self._get("/v1/models")))

    async def _balance(self) -> Balance | None:
        """By new-api's call, or by those of older gateways."""
        if found := balance_in(await self._get(USAGE_PATH), await self._unit()):
            return found
        subscription = await self._get("/v1/dashboard/billing/subscription")
        return billing_in(subscription, await self._get("/v1/dashboard/billing/usage")) if subscription else None

    async def charges(self) -> tuple[Charge, ...] | None:
        """None: the log cannot be read. An empty log proves nothing, either."""
        log = await self._get("/api/log/token")
        return None if log is None else charges_in(log)

    async def _unit(self) -> float:
        if self._per_unit is None:
            status = await self._get("/api/status")
            if status is None:
                return QUOTA_PER_UNIT
            self._per_unit = quota_per_unit(status)
        return self._per_unit

    async def _get(self, path: str) -> Any:
        """None: the gateway does not have this call."""
        try:
            response = await self._http.request("GET", path, None, time_limits=_TIMEOUT, max_size=_MAX_BODY)
            if response.status != HTTPStatus.OK:
                return None
            # A log may be long: it does not hold up what else goes on.
            return await asyncio.to_thread(parse_json, response.body, response.content_type)
        except (GatewayError, ValueError):
            return None
