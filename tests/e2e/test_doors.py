"""Who may use the bot in DMs: members of its servers, of which Discord is asked one by one."""

from typing import Any

import pytest

from sandbox.local_discord.faults import Fault
from sandbox.local_discord.people import Person
from tests.conftest import Town

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


def _asked(town: Town, person: Person) -> int:
    return sum(request.path.endswith(f"/members/{person.id}") for request in town.discord.requests)


async def test_a_bot_in_many_servers_answers_in_time(town: Town, eve: Person) -> None:
    for number in range(39):
        town.discord.world.add_guild(f"Server {number}", owner=town.ben.user)
    town.discord.faults.order(Fault(rf"/members/{eve.id}$", 404, times=1_000, body=UNKNOWN_MEMBER, delay=0.1))
    async with town.bot():
        answer = await ask(town, eve)
        again = await ask(town, eve)
    assert STRANGERS in answer["content"]
    assert STRANGERS in again["content"]
    assert _asked(town, eve) == 40, "the answer is believed for a while"


async def test_the_first_server_that_has_them_is_enough(town: Town) -> None:
    first = next(iter(town.discord.world.guilds))
    for number in range(20):
        town.discord.world.add_guild(f"Server {number}", owner=town.ben.user)
    town.discord.faults.order(
        Fault(rf"/guilds/(?!{first}/)\d+/members/", 404, times=1_000, body=UNKNOWN_MEMBER, delay=1)
    )
    async with town.bot():
        answer = await ask(town, town.ada)
    assert "I found no task" in answer["content"]
    assert _asked(town, town.ada) < 20


@pytest.mark.parametrize(("status", "times"), [(503, 2), (0, 2), (429, 1)])
async def test_nobody_is_turned_away_because_discord_does_not_say_who_they_are(
    town: Town, eve: Person, status: int, times: int
) -> None:
    headers = {"Via": "1.1 google", "Retry-After": "3"}
    body = {"message": "", "code": 0, "retry_after": 3, "global": False}
    town.discord.faults.order(Fault(rf"/members/{eve.id}$", status, times=times, body=body, headers=headers))
    async with town.bot():
        first = await ask(town, eve)
        assert "I found no task" in first["content"]
        await town.says(lambda: ask(town, eve), STRANGERS)


async def test_who_is_not_let_in_is_offered_nothing(town: Town, eve: Person) -> None:
    async with town.bot():
        dm = town.discord.world.dm_with(eve.user)
        assert await eve.autocomplete(dm, "suno status", id="x") == []
    answers = [each.body for each in town.discord.requests if each.path.endswith("/callback")]
    assert answers == [{"type": 8, "data": {"choices": []}}]
