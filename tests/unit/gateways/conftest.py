from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.local_gateway.server import LocalGateway


@pytest.fixture
async def gateway() -> AsyncIterator[LocalGateway]:
    async with LocalGateway(key="sk-tests") as gateway:
        yield gateway


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session
