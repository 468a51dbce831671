"""Everybody presses Create in the same moment, with few songs left: from Discord through the bot to the gateway."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from sandbox.local_discord.people import Person
from tests.conftest import Env
from tests.e2e.test_create import ON, card, fill, let_in, orders, turn_on
from tests.messages import buttons

pytestmark = pytest.mark.faults

PEOPLE, DEVICES, LEFT = 50, 5, 10


def crowd(env: Env) -> tuple[dict[str, Any], list[Person]]:
    """People with a role, and that role."""
    world = env.discord.world
    guild = world.guilds[env.channel["guild_id"]]
    role = world.add_role(guild, "Singers")
    people = [world.add_user(f"Singer {number}") for number in range(PEOPLE)]
    for each in people:
        world.add_member(guild, each, role)
    return role, [env.discord.person(each) for each in people]


async def test_fifty_people_with_five_devices_each_and_ten_songs_left(env: Env) -> None:
    role, people = crowd(env)
    async with env.bot(**ON, create_at_once=100):
        panel = await turn_on(env)
        await let_in(env, panel, role)
        opened = await env.ada.press(panel, "Numbers")
        await env.changed(await fill(env.ada, opened, field1=str(LEFT)))
        cards = [await card(env, person, about=f"song of {person.id}") for person in people]
        create = next(each for each in buttons(cards[0]) if each.startswith("Create"))
        await asyncio.gather(
            *(person.press(shown, create) for _ in range(DEVICES) for person, shown in zip(people, cards, strict=True))
        )
        await env.settle_down()
        sent = Counter(str(post.body["gpt_description_prompt"]) for post in env.gateway.orders.posts)
        told = [shown["content"] for shown in cards if "This server has used its 10 songs" in shown["content"]]
    assert len(sent) == sum(sent.values()) == len(env.gateway.orders.charges) == LEFT
    assert len(told) == PEOPLE - LEFT, "everybody else is told why, and when there are more"
    assert Counter(state.value for _, state in await orders(env))["draft"] == PEOPLE - LEFT
