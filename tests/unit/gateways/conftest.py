from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
import stamina

from sandbox.local_gateway.server import LocalGateway


@pytest.fixture
def impatient() -> Iterator[None]:
    """Retries without their waits."""
    stamina.set_testing(True, attempts=3, cap=True)
    yield
    stamina.set_testing(False)


@pytest.fixture
async def gateway() -> AsyncIterator[LocalGateway]:
    async with LocalGateway(key="sk-tests") as gateway:
        yield gateway


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session
