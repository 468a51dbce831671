"""Creating songs: whether it is on, what that may cost, and what each gateway says of prices, credit and models."""

import asyncio
from collections.abc import Iterator

import aiohttp

from bot.commands.doctor.database import is_current
from bot.commands.doctor.findings import Finding, ok, problem, warning
from bot.config import GatewaySettings, Settings, gateway_prefix
from bot.domain.models import offered
from bot.errors import StorageError
from bot.gateways.billing import AccountState, Billing
from bot.gateways.connection import Connector
from bot.storage.creation import CreationStore
from bot.storage.database import open_read_only

_SUBJECT = "creation"
_OFF = "off: nothing can be ordered or spent. CREATE=on lets people spend the credit of your key"


async def check_creation(settings: Settings) -> list[Finding]:
    """Without the network."""
    if settings.create != "on":
        return [ok(_SUBJECT, _OFF)]
    return [
        ok(_SUBJECT, f"on: people spend the credit of your key, {await _where(settings)}. {_most_a_day(settings)}"),
        *([] if settings.create_keep_balance is not None else [_no_floor()]),
    ]


async def _where(settings: Settings) -> str:
    listed = f", of the {len(settings.create_servers)} in CREATE_SERVERS" if settings.create_servers else ""
    if not await is_current(settings):
        return f"in each server where a manager turns it on{listed}"
    try:
        async with open_read_only(settings.database_url) as engine:
            count = await CreationStore(engine).servers_on()
    except StorageError:
        return f"in each server where a manager turns it on{listed}"
    servers = "server" if count == 1 else "servers"
    return (
        f"in the {count} {servers} where a manager has turned it on{listed}" if count else f"in no server yet{listed}"
    )


def _most_a_day(settings: Settings) -> str:
    songs = f"At most {settings.create_per_day:,} songs a day (CREATE_PER_DAY)"
    prices = [each.price for each in settings.gateways.values() if each.price is not None]
    return f"{songs}, which is {max(prices) * settings.create_per_day:,.2f} (SUNO_PRICE)" if prices else songs


def _no_floor() -> Finding:
    return ok(_SUBJECT, "it goes on until the key's credit is used up; CREATE_KEEP_BALANCE keeps some of it")


async def check_accounts(settings: Settings) -> list[Finding]:
    """What the gateways say, in calls that cost nothing."""
    if settings.create != "on":
        return []
    async with aiohttp.ClientSession(connector=Connector(), cookie_jar=aiohttp.DummyCookieJar()) as session:
        states = await asyncio.gather(*(_state(name, each, session) for name, each in settings.gateways.items()))
    return [
        finding
        for (name, each), state in zip(settings.gateways.items(), states, strict=True)
        for finding in _account(f"{_SUBJECT} at {name}", gateway_prefix(name), each, state, settings)
    ]


async def _state(name: str, settings: GatewaySettings, session: aiohttp.ClientSession) -> AccountState:
    return await Billing(name, settings.base_url, settings.api_key.get_secret_value(), session).state()


def _account(
    subject: str, prefix: str, gateway: GatewaySettings, state: AccountState, settings: Settings
) -> Iterator[Finding]:
    yield _price(subject, prefix, gateway, state)
    yield _balance(subject, state, settings.create_keep_balance)
    if state.sells_songs is False:
        text = "its list of models has no suno_music for this key: orders may be refused. Ask who runs the gateway"
        yield warning(subject, f"{text}, or take another key.")
    models = ", ".join(model.name for model in offered(gateway.models, ()))
    said = f"{prefix}MODELS" if gateway.models else f"{prefix}MODELS is not set; what finishes there is offered later"
    yield ok(subject, f"models to order with: {models} ({said})")


def _price(subject: str, prefix: str, gateway: GatewaySettings, state: AccountState) -> Finding:
    if gateway.price is not None:
        return ok(subject, f"a song costs {gateway.price:,.2f} ({prefix}PRICE)")
    if state.prices.song is not None:
        return ok(subject, f"a song costs about {state.prices.song:,.2f}, as its price list says")
    text = f"it does not say what a song costs, so the card cannot either. Set {prefix}PRICE"
    return warning(subject, f"{text} to what it takes for one order.")


def _balance(subject: str, state: AccountState, floor: float | None) -> Finding:
    if state.balance is None:
        text = "it does not say what is left on the key"
        if floor is not None:
            return warning(
                subject, f"{text}: CREATE_KEEP_BALANCE keeps nothing there. Give that key a limit of its own."
            )
        return ok(subject, text)
    if state.balance.left is None:
        text = f"the key has no limit; {state.balance.used:,.2f} used"
        if floor is not None:
            return warning(subject, f"{text}. CREATE_KEEP_BALANCE keeps nothing there: give the key a limit.")
        return ok(subject, text)
    left = f"{state.balance.left:,.2f} left on the key"
    if floor is not None and state.balance.left < floor:
        return problem(subject, f"{left}, less than CREATE_KEEP_BALANCE={floor:g}: no order is sent. Top the key up.")
    price = state.prices.song or 0.0
    if state.balance.left <= price:
        return problem(subject, f"{left}, too little for a song: orders are refused. Top the key up.")
    return ok(subject, left)
