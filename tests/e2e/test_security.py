"""Attacks with forged buttons, choices and forms, and with ordinary commands."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.ui.render import actions
from bot.ui.render.actions import ACTIONS
from sandbox.local_discord.people import Person
from sandbox.local_gateway.fake_task import FakeTask, Song
from tests import forged
from tests.conftest import Env
from tests.e2e.admin_panel import admin, choose
from tests.messages import words
from tests.sample_tasks import FAST, LATER, ONE

pytestmark = pytest.mark.faults

ODD = ("0", "-1", "9" * 70, "٣", "'; DROP TABLE watches; --", "\ud800", "\0", "\u202e", ":" * 20, "x" * 91)
ODD_IDS = ("..", ".", "\ud800", "a\rb", "task_1/../../x", "x" * 91)
SCOPES = {
    **dict.fromkeys(
        (actions.LIST_PAGE.code, actions.LIST_STOP.code, actions.LIST_SHOW.code), ("mine", "server", "odd")
    ),
    **dict.fromkeys(
        (actions.ADMIN_PAGE.code, actions.ADMIN_RETRY.code, actions.ADMIN_DROP.code), ("failed", "open", "odd")
    ),
}
"""What stands before a number, and a dot, in the custom_ids of lists."""

SECRET = Song("cccccccc-1111-4222-8333-444444444444", "Nobody Hears This", "hush", "[Verse]\nUnder the floor", 3.0)
HIDDEN = FakeTask("44444444-2222-4333-8444-555555555555", songs=(SECRET,))
KEPT = FakeTask("55555555-2222-4333-8444-555555555555", songs=(SECRET,), states=((0, "running"), (9_000, "done")))


@dataclass
class Place:
    """Where a stranger is, with an answer of the bot there that has buttons."""

    person: Person
    channel: dict[str, Any]
    message: dict[str, Any]


@dataclass
class Theirs:
    """Ada's server with a watch, a song that could not be posted, and settings; and the people who attack it."""

    env: Env
    database: Path
    strangers: list[Place]

    def kept(self) -> dict[str, list[Any]]:
        """All that is stored of them."""
        ada, studio = self.env.ada.id, self.env.channel["guild_id"]
        which = {
            "watches": f"user_id={ada}", "people": f"user_id={ada}", "recents": f"user_id={ada}",
            "guilds": f"guild_id={studio}", "deliveries": "state='failed'",
        }  # fmt: skip
        with closing(sqlite3.connect(self.database)) as database:
            return {
                table: database.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY 1").fetchall()
                for table, where in which.items()
            }

    def names(self, code: str) -> Iterator[str]:
        """Everything of theirs that a custom_id could name, in the forms that the action reads."""
        with closing(sqlite3.connect(self.database)) as database:
            ids = [row[0] for table in ("watches", "deliveries") for row in database.execute(f"SELECT id FROM {table}")]
        numbers = [*ids, self.env.ada.id, self.env.channel["guild_id"], self.env.channel["id"]]
        for number in numbers:
            yield from (str(number), *(f"{scope}.{number}" for scope in SCOPES.get(code, ())))

    def output(self) -> str:
        """All that strangers can read."""
        messages = self.env.discord.world.messages
        return "\n".join(
            words(message)
            for place in self.strangers
            for channel in messages
            for message in place.person.read(self.env.discord.world.channels[channel])
            if message["author"]["bot"]
        )


@pytest.fixture
async def theirs(env: Env, tmp_path: Path) -> AsyncIterator[Theirs]:
    world = env.discord.world
    env.gateway.add(HIDDEN, KEPT)
    env.discord.faults.fail(rf"^/channels/{env.channel['id']}/messages$", 400, 50006, times=1_000)
    owner = world.add_user("Eve")
    lair = world.add_channel(world.add_guild("Lair", owner=owner), "den")
    async with env.bot(**FAST, requests_per_minute=10_000):
        await choose(env, await admin(env, "setup"), "channel", env.channel["id"])
        await env.status(HIDDEN.id, show="me")
        await env.watch(HIDDEN.id, KEPT.id)
        found = Theirs(env, tmp_path / "bot.db", await _strangers(env, lair, env.discord.person(owner)))
        await env.discord.hub.until(lambda: found.kept()["deliveries"])
        env.discord.faults.clear()
        world.messages[env.channel["id"]].clear()
        yield found


async def _strangers(env: Env, lair: dict[str, Any], eve: Person) -> list[Place]:
    """Ben, who manages nothing in Ada's server; Eve, who manages one of her own; and she in a DM."""
    places = [(env.ben, env.channel), (eve, lair), (eve, env.discord.world.dm_with(eve.user))]
    return [Place(person, channel, await env.watches(person, channel)) for person, channel in places]


@pytest.mark.parametrize("code", ACTIONS)
async def test_no_forged_button_reads_or_changes_what_is_others(theirs: Theirs, code: str) -> None:
    before, names = theirs.kept(), list(theirs.names(code))
    for number, place in enumerate(theirs.strangers):
        for about in (*names, *ODD[number :: len(theirs.strangers)]):
            pressed = await forged.press(place.person, place.message, f"s1:{code}:0:{about}")
            assert not pressed.failed, about
            assert theirs.kept() == before, about  # each time: two presses of a switch cancel out
    await theirs.env.settle_down(0.2)
    assert theirs.kept() == before
    assert SECRET.title not in theirs.output()
    assert theirs.env.discord.hub.online


@pytest.mark.parametrize(
    ("custom_id", "kind"),
    [
        ("p1:channel", forged.CHANNELS),
        ("p1:errors", forged.CHANNELS),
        ("p1:roles", forged.ROLES),
        ("p1:odd", forged.CHANNELS),
        ("l1:odd", forged.SELECT),
    ],
)
async def test_no_forged_choice_does_either(theirs: Theirs, custom_id: str, kind: int) -> None:
    env, before = theirs.env, theirs.kept()
    for stranger in theirs.strangers:
        for values in ([env.channel["id"]], []):
            assert not (await forged.choose(stranger.person, stranger.message, custom_id, values, kind)).failed
    await env.settle_down(0.2)
    assert theirs.kept() == before


async def test_commands_and_suggestions_know_ones_own_alone(theirs: Theirs) -> None:
    before = theirs.kept()
    for place in theirs.strangers:
        for name in ("suno unwatch", "suno status", "suno lyrics", "suno audio"):
            assert await place.person.autocomplete(place.channel, name, id="") == []
        await theirs.env.finished(await place.person.slash(place.channel, "suno unwatch", id=KEPT.id))
        await theirs.env.finished(await place.person.slash(place.channel, "suno unwatch", id="all"))
        await theirs.env.watches(place.person, place.channel, scope="server")
    assert theirs.kept() == before
    assert SECRET.title not in theirs.output()


async def test_a_form_is_refused_from_a_person_without_permission(theirs: Theirs) -> None:
    env, before = theirs.env, theirs.kept()
    opened = await env.ada.press(await admin(env, "setup"), "Set the limit")
    assert opened.modal
    text = opened.modal["components"][0]["component"]["custom_id"]
    sent = [{"type": 18, "id": 1, "component": {"type": 4, "id": 2, "custom_id": text, "value": "1"}}]
    pressed = await env.ben.submit(opened, sent)
    await env.discord.hub.until(lambda: pressed.follow_ups or "只有发起人" in str(pressed.message))
    assert theirs.kept() == before


async def test_no_channel_of_another_server_can_be_chosen(theirs: Theirs) -> None:
    """Where the bot posts notices of faults."""
    env = theirs.env
    lair = theirs.strangers[1].channel
    panel = await admin(env, "setup")
    for about in ("channel", "errors"):
        await env.changed(await forged.choose(env.ada, panel, f"p1:{about}", [lair["id"]], forged.CHANNELS))
    ((_, _, channel_id, *_),) = theirs.kept()["guilds"]
    assert lair["id"] not in str(theirs.kept()["guilds"])
    assert str(channel_id) == env.channel["id"], "as it was"


@pytest.mark.parametrize("odd", ODD_IDS)
async def test_no_button_has_something_watched_that_is_no_id(env: Env, odd: str) -> None:
    """A gateway without the batch call is asked for each by its path."""
    env.gateway.batch = False
    soon = FakeTask("task_soon", songs=(ONE,), states=((0, "queued"), (1, "done")))
    env.gateway.add(soon, LATER)
    async with env.bot(**FAST):
        card = await env.status(LATER.id)
        answer = await env.finished(await forged.press(env.ada, card, f"s1:nf:0:{odd}"))
        await env.watch(soon.id)
        assert len(await env.posts()) == 1, "the bot still serves"
    assert "Watching" not in answer["content"]
