"""Only members of the bot's servers may use it in DMs; membership is checked server by server."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from sandbox.local_discord.faults import Fault
from sandbox.local_discord.people import Person
from tests.conftest import Env
from tests.messages import words
from tests.sample_tasks import DONE

STRANGERS = "people who share a server with me"
UNKNOWN_MEMBER = {"message": "Unknown Member", "code": 10007}


@pytest.fixture
def eve(env: Env) -> Person:
    """In none of the bot's servers."""
    return env.discord.person(env.discord.world.add_user("Eve"))


async def ask(env: Env, person: Person) -> dict[str, Any]:
    """What /suno status answers in a DM."""
    dm = env.discord.world.dm_with(person.user)
    return await env.finished(await person.slash(dm, "suno status", id="task_abcd"))


UNSURE = "Discord hasn't told me yet"
UNSEEN = "in a server we share; after that I'll answer here, too"


def _asked(env: Env, person: Person) -> int:
    return sum(request.path.endswith(f"/members/{person.id}") for request in env.discord.requests)


def many_servers(env: Env, count: int = 39) -> None:
    for number in range(count):
        env.discord.world.add_guild(f"Server {number}", owner=env.ben.user)


async def test_a_stranger_is_looked_up_in_five_servers_and_then_told_what_to_do(env: Env, eve: Person) -> None:
    many_servers(env)
    env.discord.faults.order(Fault(rf"/members/{eve.id}$", 404, times=1_000, body=UNKNOWN_MEMBER, delay=0.1))
    async with env.bot():
        answer = await ask(env, eve)
        again = await ask(env, eve)
    assert UNSEEN in answer["content"]
    assert UNSEEN in again["content"]
    assert _asked(env, eve) == 5, "the answer is believed for a while"


async def test_a_stranger_to_every_server_is_refused_with_a_sentence(env: Env, eve: Person) -> None:
    many_servers(env, 3)
    async with env.bot():
        assert STRANGERS in (await ask(env, eve))["content"]
    assert _asked(env, eve) == 4


async def test_a_command_in_a_shared_server_is_enough(env: Env, eve: Person) -> None:
    many_servers(env)
    world = env.discord.world
    guild = world.guild_of(env.channel)
    assert guild
    env.discord.faults.order(Fault(r"/members/\d+$", 404, times=1_000, body=UNKNOWN_MEMBER))
    async with env.bot():
        assert UNSEEN in (await ask(env, eve))["content"]
        world.add_member(guild, eve.user)
        await env.finished(await eve.slash(env.channel, "suno help"))
        assert "I found no task" in (await ask(env, eve))["content"]


async def test_a_text_to_the_bot_in_a_shared_server_is_enough_too(env: Env) -> None:
    many_servers(env)
    env.discord.faults.order(Fault(r"/members/\d+$", 404, times=1_000, body=UNKNOWN_MEMBER))
    async with env.bot():
        env.ada.say(env.channel, f"<@{env.discord.world.bot['id']}> task_abcd")
        await env.posts()
        assert "I found no task" in (await ask(env, env.ada))["content"]
    assert not _asked(env, env.ada)


async def test_a_burst_of_strangers_costs_little_and_nobody_is_let_in(env: Env) -> None:
    many_servers(env)
    world = env.discord.world
    strangers = [env.discord.person(world.add_user(f"Stranger {number}")) for number in range(40)]
    env.discord.faults.order(Fault(r"/members/\d+$", 404, times=1_000, body=UNKNOWN_MEMBER, delay=0.3))
    async with env.bot():
        answers = await asyncio.gather(*(ask(env, each) for each in strangers))
    assert all(UNSURE in each["content"] or UNSEEN in each["content"] for each in answers)
    assert sum(_asked(env, each) for each in strangers) <= 100, "of at most twenty people, in five servers each"
    assert not env.gateway.requests


async def test_the_first_server_that_has_them_is_enough(env: Env) -> None:
    first = next(iter(env.discord.world.guilds))
    many_servers(env, 4)
    env.discord.faults.order(
        Fault(rf"/guilds/(?!{first}/)\d+/members/", 404, times=1_000, body=UNKNOWN_MEMBER, delay=1)
    )
    async with env.bot():
        answer = await ask(env, env.ada)
    assert "I found no task" in answer["content"]


@pytest.mark.parametrize(("status", "times"), [(503, 2), (0, 2), (429, 1)])
async def test_while_discord_does_not_say_who_somebody_is_they_are_not_let_in(
    env: Env, status: int, times: int
) -> None:
    headers = {"Via": "1.1 google", "Retry-After": "3"}
    body = {"message": "", "code": 0, "retry_after": 3, "global": False}
    env.discord.faults.order(Fault(rf"/members/{env.ada.id}$", status, times=times, body=body, headers=headers))
    async with env.bot():
        first = await ask(env, env.ada)
        assert UNSURE in first["content"]
        assert not env.gateway.requests
        await env.says(lambda: ask(env, env.ada), "I found no task")


async def test_suggestions_have_a_limit_of_their_own(env: Env) -> None:
    env.gateway.add(DONE)
    async with env.bot(requests_per_minute=5):
        await env.status(DONE.id)
        offered = [await env.ada.autocomplete(env.channel, "suno status", id="") for _ in range(20)]
        assert [len(each) for each in offered] == [1] * 15 + [0] * 5
        assert "Harbour Lights" in words(await env.status(DONE.id)), "and take nothing from that of commands"


async def test_a_refused_person_gets_no_suggestions(env: Env, eve: Person) -> None:
    async with env.bot():
        dm = env.discord.world.dm_with(eve.user)
        assert await eve.autocomplete(dm, "suno status", id="x") == []
    answers = [each.body for each in env.discord.requests if each.path.endswith("/callback")]
    assert answers == [{"type": 8, "data": {"choices": []}}]


async def test_who_types_while_discord_hangs_holds_up_nobody_who_waits_to_be_let_in(env: Env) -> None:
    people = [env.discord.person(env.discord.world.add_user(f"Singer {number}")) for number in range(6)]
    guild = env.discord.world.guild_of(env.channel)
    assert guild
    for number, person in enumerate(people):
        env.discord.world.add_member(guild, person.user)
        song = replace(DONE.songs[0], clip_id=f"{number:08x}-1111-4222-8333-00000000abcd", title=f"Song {number}")
        env.gateway.add(replace(DONE, id=f"task_own{number}", songs=(song,)))
    guest = env.discord.person(env.discord.world.add_user("Guest"))
    # Of one server discord.py sends one such request at a time.
    env.discord.world.add_member(env.discord.world.add_guild("Another", owner=env.ben.user), guest.user)
    singers = "|".join(str(person.id) for person in people)
    held = asyncio.Event()
    async with env.bot():
        for number, person in enumerate(people):
            await env.watch(f"task_own{number}", person=person)
        await env.posts(len(people))
        env.discord.faults.order(
            Fault(rf"/members/({singers})$", 200, method="GET", times=1_000, after=True, held=held)
        )
        dms = [env.discord.world.dm_with(person.user) for person in people]
        await asyncio.gather(
            *(person.autocomplete(dm, "suno status", id="Song") for person, dm in zip(people, dms, strict=True))
        )
        assert any(_asked(env, person) for person in people)
        answer = words(await ask(env, guest))
        held.set()
    assert UNSURE not in answer
