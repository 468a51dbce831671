"""Creating songs in the demo: what the server allows, what the gateway does with some words, and what Mei has used."""

import time

from msgspec.structs import replace

from bot.domain.allowance import Limits
from bot.domain.creation import CreationRules
from bot.domain.order import Order, OrderState
from bot.domain.song_request import RequestKind, SongRequest
from bot.storage.creation import CreationStore
from bot.storage.database import open_database
from bot.storage.orders import OrderStore
from sandbox.local_discord.world import Object, World
from sandbox.local_gateway.orders import UNIT, Orders

WALTZ, FIREFLIES = "a lighthouse keeper's waltz", "夏夜的萤火虫，轻柔的民谣"
BOTTLE = "a letter in a bottle"  # its answer gets lost
BOTTLE_ID = "task_letterInABottle20261127"
SETTINGS = {"create": "on", "create_per_day": 50, "create_keep_balance": 1.0}
_A_DAY = 3  # songs of a person
_USED = ("台风过后", "雨巷")  # what Mei has ordered before
_CREDIT = 12.5
_TAKES = 9.0  # seconds


def take_orders(orders: Orders) -> None:
    """The gateway has a key with some credit; one order is taken, and its answer never comes."""
    orders.credit = _CREDIT * UNIT
    orders.takes = _TAKES
    orders.by_words = {BOTTLE: "lost"}
    orders.ids = {BOTTLE: BOTTLE_ID}


async def allow_orders(database_url: str, world: World, channel: Object) -> None:
    """Who has the role *Singers* may order in the server, and a manager has to agree; Mei has one song left today."""
    guild = world.guild_of(channel) or {}
    singers = next(int(role["id"]) for role in guild["roles"] if role["name"] == "Singers")
    async with open_database(database_url) as engine:
        await CreationStore(engine).save_rules(
            CreationRules(
                guild_id=int(guild["id"]),
                enabled=True,
                roles=(singers,),
                songs_per_person=_A_DAY,
                at_once=2,
                approval=True,
            )
        )
        store = OrderStore(engine)
        mei = list(world.people())[1]
        for number, title in enumerate(_USED):
            order = _ordered(f"demo{number}", title, mei, channel)
            await store.draft(order)
            await store.place(order, Limits(), order.created_at)
            finished = replace(order, state=OrderState.FINISHED, placed_at=order.created_at)
            await store.move(finished, OrderState.PLACED, order.created_at)


def _ordered(order_id: str, title: str, person: Object, channel: Object) -> Order:
    return Order(
        id=order_id,
        user_id=int(person["id"]),
        guild_id=int(channel["guild_id"]),
        channel_id=int(channel["id"]),
        gateway="default",
        request=SongRequest(kind=RequestKind.DESCRIBE, description=title, model="chirp-hawk"),
        price=0.1,
        created_at=time.time() - 60,
        locale="en-US",
        user_locale="zh-CN",
    )
