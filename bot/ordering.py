"""Wires the ordering of songs: settings into rules, and a session of its own for each gateway."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial

import aiohttp
from msgspec import Struct

from bot.config import GatewaySettings, Settings
from bot.domain.creation import OperatorRules
from bot.domain.song_request import SongOption
from bot.gateways.billing import Billing
from bot.gateways.send_guard import Check, unchecked
from bot.gateways.submitter import Submitter
from bot.services.clock import Clock
from bot.services.lookup import Lookup
from bot.services.orders.service import Orders
from bot.services.orders.terms import GatewayTerms, OperatorSettings
from bot.services.orders.workers import OrderWorkers
from bot.storage.stores import Stores


def operator_rules(settings: Settings) -> OperatorRules:
    return OperatorRules(
        enabled=settings.create == "on",
        per_day=settings.create_per_day,
        at_once=settings.create_at_once,
        keep_balance=settings.create_keep_balance,
        servers=frozenset(settings.create_servers),
        in_dms=frozenset(settings.private_users if settings.create_in_dms == "listed" else ()),
    )


def gateway_settings(settings: GatewaySettings) -> OperatorSettings:
    return OperatorSettings(
        models=settings.models,
        price=settings.price,
        can=frozenset(map(SongOption, settings.can)),
        key_is_ours=settings.key_is_ours == "on",
    )


class Sending(Struct, frozen=True):
    """`session`: for free requests; orders have sessions of their own. `check` is called before one is sent."""

    session: aiohttp.ClientSession
    check: Check = unchecked


async def open_orders(
    settings: Settings,
    stores: Stores,
    lookup: Lookup,
    clock: Clock,
    sending: Sending,
    stack: AsyncExitStack,
    *,
    accepted: Callable[[], None],
) -> OrderWorkers:
    rules = operator_rules(settings)
    terms: dict[str, GatewayTerms] = {}
    submitters: list[Submitter] = []
    for name, each in settings.gateways.items():
        key = each.api_key.get_secret_value()
        billing = Billing(name, each.base_url, key, sending.session)
        dialect = partial(lookup.dialect, name)
        terms[name] = GatewayTerms(billing, gateway_settings(each), rules, stores.creation, clock, dialect)
        submitters.append(await stack.enter_async_context(Submitter(name, each.base_url, key, sending.check)))
    orders = Orders(stores.orders, stores.creation, lookup, terms, rules, clock)
    return OrderWorkers(orders, stores.order_upkeep, submitters, terms, clock, accepted=accepted)
