"""Who may use the bot in DMs: members of its servers, of which Discord is asked one by one."""

import asyncio
from typing import Any

import pytest

from sandbox.local_discord.faults import Fault
from sandbox.local_discord.people import Person
from tests.conftest import Town
from tests.e2e.test_watch import DONE
from tests.messages import words

STRANGERS = "people who share a server with me"
UNKNOWN_MEMBER = {"message": "Unknown Member", "code": 10007}


@pytest.fixture
def eve(town: Town) -> Person:
    """In none of the bot's servers."""
    return town.discord.person(town.discord.world.add_user("Eve"))


async def ask(town: Town, person: Person) -> dict[str, Any]:
    """What /suno status answers in a DM."""
    dm = town.discord.world.dm_with(person.user)
    return await town.finished(await person.slash(dm, "suno status", id="task_abcd"))


UNSURE = "Discord hasn't told me yet"
UNSEEN = "in a server we share; after that I'll answer here, too"


def _asked(town: Town, person: Person) -> int:
    return sum(request.path.endswith(f"/members/{person.id}") for request in town.discord.requests)


def many_servers(town: Town, count: int = 39) -> None:
    for number in range(count):
        town.discord.world.add_guild(f"Server {number}", owner=town.ben.user)


async def test_a_stranger_is_looked_for_in_five_servers_and_then_told_what_to_do(town: Town, eve: Person) -> None:
    many_servers(town)
    town.discord.faults.order(Fault(rf"/members/{eve.id}$", 404, times=1_000, body=UNKNOWN_MEMBER, delay=0.1))
    async with town.bot():
        answer = await ask(town, eve)
        again = await ask(town, eve)
    assert UNSEEN in answer["content"]
    assert UNSEEN in again["content"]
    assert _asked(town, eve) == 5, "the answer is believed for a while"


async def test_who_is_in_none_of_a_few_servers_is_told_so(town: Town, eve: Person) -> None:
    many_servers(town, 3)
    async with town.bot():
        assert STRANGERS in (await ask(town, eve))["content"]
    assert _asked(town, eve) == 4


async def test_a_command_in_a_shared_server_is_enough(town: Town, eve: Person) -> None:
    many_servers(town)
    world = town.discord.world
    guild = world.guild_of(town.channel)
    assert guild
    town.discord.faults.order(Fault(r"/members/\d+$", 404, times=1_000, body=UNKNOWN_MEMBER))
    async with town.bot():
        assert UNSEEN in (await ask(town, eve))["content"]
        world.add_member(guild, eve.user)
        await town.finished(await eve.slash(town.channel, "suno help"))
        assert "I found no task" in (await ask(town, eve))["content"]


async def test_a_text_to_the_bot_in_a_shared_server_is_enough_too(town: Town) -> None:
    many_servers(town)
    town.discord.faults.order(Fault(r"/members/\d+$", 404, times=1_000, body=UNKNOWN_MEMBER))
    async with town.bot():
        town.ada.say(town.channel, f"<@{town.discord.world.bot['id']}> task_abcd")
        await town.posts()
        assert "I found no task" in (await ask(town, town.ada))["content"]
    assert not _asked(town, town.ada)


async def test_a_burst_of_strangers_costs_little_and_nobody_is_let_in(town: Town) -> None:
    many_servers(town)
    world = town.discord.world
    strangers = [town.discord.person(world.add_user(f"Stranger {number}")) for number in range(40)]
    town.discord.faults.order(Fault(r"/members/\d+$", 404, times=1_000, body=UNKNOWN_MEMBER, delay=0.3))
    async with town.bot():
        answers = await asyncio.gather(*(ask(town, each) for each in strangers))
    assert all(UNSURE in each["content"] or UNSEEN in each["content"] for each in answers)
    assert sum(_asked(town, each) for each in strangers) <= 100, "of at most twenty people, in five servers each"
    assert not town.gateway.requests


async def test_the_first_server_that_has_them_is_enough(town: Town) -> None:
    first = next(iter(town.discord.world.guilds))
    many_servers(town, 4)
    town.discord.faults.order(
        Fault(rf"/guilds/(?!{first}/)\d+/members/", 404, times=1_000, body=UNKNOWN_MEMBER, delay=1)
    )
    async with town.bot():
        answer = await ask(town, town.ada)
    assert "I found no task" in answer["content"]


@pytest.mark.parametrize(("status", "times"), [(503, 2), (0, 2), (429, 1)])
async def test_while_discord_does_not_say_who_somebody_is_they_are_not_let_in(
    town: Town, status: int, times: int
) -> None:
    headers = {"Via": "1.1 google", "Retry-After": "3"}
    body = {"message": "", "code": 0, "retry_after": 3, "global": False}
    town.discord.faults.order(Fault(rf"/members/{town.ada.id}$", status, times=times, body=body, headers=headers))
    async with town.bot():
        first = await ask(town, town.ada)
        assert UNSURE in first["content"]
        assert not town.gateway.requests
        await town.says(lambda: ask(town, town.ada), "I found no task")


async def test_suggestions_have_a_limit_of_their_own(town: Town) -> None:
    town.gateway.add(DONE)
    async with town.bot(requests_per_minute=5):
        await town.status(DONE.id)
        offered = [await town.ada.autocomplete(town.channel, "suno status", id="") for _ in range(20)]
        assert [len(each) for each in offered] == [1] * 15 + [0] * 5
        assert "Harbour Lights" in words(await town.status(DONE.id)), "and take nothing from that of commands"


async def test_who_is_not_let_in_is_offered_nothing(town: Town, eve: Person) -> None:
    async with town.bot():
        dm = town.discord.world.dm_with(eve.user)
        assert await eve.autocomplete(dm, "suno status", id="x") == []
    answers = [each.body for each in town.discord.requests if each.path.endswith("/callback")]
    assert answers == [{"type": 8, "data": {"choices": []}}]
