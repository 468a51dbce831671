from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.local_gateway.server import LocalGateway

KEY = "sk-the-sandbox-gateways-own"


class Clock:
    """Unix seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 1_772_444_400.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def gateway(clock: Clock) -> AsyncIterator[LocalGateway]:
    async with LocalGateway(key=KEY, clock=clock) as gateway:
        yield gateway


@pytest.fixture
async def stranger() -> AsyncIterator[aiohttp.ClientSession]:
    """A client without a key."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def customer() -> AsyncIterator[aiohttp.ClientSession]:
    """A client with the gateway's key."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as session:
        yield session
