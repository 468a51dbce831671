"""Faults around songs that are found again: archives, playlists, and posts that are gone. The songs of the task that is
watched come anyway.
"""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from sandbox.local_discord.interactions import Interaction
from sandbox.local_discord.people import Person
from sandbox.local_discord.permissions import Permission
from sandbox.local_gateway.server import Fault
from tests import forged
from tests.faults.people import Act, row
from tests.faults.scenario import OTHER, Scenario
from tests.idle import wait_until_idle
from tests.messages import Message

_LONG = 30.0  # seconds: beyond the end of the test

Meanwhile = Callable[[Scenario], AbstractContextManager[None]]


def packs(meanwhile: Meanwhile) -> Act:
    """A list of a finished task, as a ZIP."""

    async def act(scenario: Scenario, person: Person) -> Message:
        env = scenario.env
        env.gateway.add(OTHER)
        listed = await env.finished(await person.slash(env.channel, "suno batch", ids=OTHER.id))
        with meanwhile(scenario):
            return await _packed(scenario, await person.press(listed, "ZIP"))

    return act


async def packs_twice_at_once(scenario: Scenario, person: Person) -> Message:
    """The first ZIP waits for a song until the second press is answered."""
    env = scenario.env
    env.gateway.add(OTHER)
    listed = await env.finished(await person.slash(env.channel, "suno batch", ids=OTHER.id))
    with _media(Fault(404, delay=_LONG, path="/audio/"))(scenario):
        first = await person.press(listed, "ZIP")
        await scenario.discord.hub.until(lambda: _is_packing(first))
        return await _packed(scenario, await person.press(listed, "ZIP"))


async def _packed(scenario: Scenario, pressed: Interaction) -> Message:
    """What is said in the end."""
    await scenario.discord.hub.until(lambda: not pressed.thinking and pressed.message and not _is_packing(pressed))
    return pressed.message or {}


def _is_packing(pressed: Interaction) -> bool:
    return pressed.message is not None and "Packing" in pressed.message["content"]


def _media(fault: Fault) -> Meanwhile:
    @contextmanager
    def meanwhile(scenario: Scenario) -> Iterator[None]:
        scenario.env.gateway.media_faults.append(fault)
        yield
        scenario.env.gateway.media_faults.clear()

    return meanwhile


@contextmanager
def _no_room(_scenario: Scenario) -> Iterator[None]:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        yield


async def plays_what_is_gone(scenario: Scenario, person: Person) -> Message:
    """A song whose post was deleted, and which the gateway has forgotten."""
    env = scenario.env
    env.gateway.add(OTHER)
    shown = await env.status(OTHER.id, person=person)
    await wait_until_idle()
    listed = await env.finished(await person.slash(env.channel, "suno library"))
    env.discord.messages.delete(shown)
    env.gateway.forget(OTHER.id)
    await env.clock.advance(10)  # an answer of the gateway is reused for seconds
    return await env.finished(await person.press(listed, "▶️"))


async def _shown_to_staff(scenario: Scenario) -> None:
    """A song in a channel that only managers view, and a playlist of the server's with it."""
    env = scenario.env
    guild = env.discord.world.guilds[env.channel["guild_id"]]
    staff = env.discord.changes.add_channel(guild, "staff")
    env.discord.changes.override(staff, guild["roles"][0], deny=Permission.VIEW_CHANNEL)
    env.discord.changes.override(staff, env.discord.world.bot, allow=Permission.VIEW_CHANNEL)
    env.gateway.add(OTHER)
    await env.finished(await env.ada.slash(staff, "suno status", id=OTHER.id))
    await wait_until_idle()
    await env.finished(await env.ada.slash(staff, "suno playlist create", name="Ours", scope="server"))
    await env.finished(await env.ada.slash(staff, "suno playlist add", name="Ours", song=OTHER.id))


def with_playlist(verb: str, **options: str) -> Act:
    """While there is a song that the person may not view."""

    async def act(scenario: Scenario, person: Person) -> Message:
        env = scenario.env
        await _shown_to_staff(scenario)
        await env.finished(await person.slash(env.channel, "suno playlist create", name="Mine"))
        return await env.finished(await person.slash(env.channel, f"suno playlist {verb}", **options))

    return act


async def presses_for_anothers_playlist(scenario: Scenario, person: Person) -> Message:
    env = scenario.env
    made = await env.finished(await env.ada.slash(env.channel, "suno playlist create", name="Ada's"))
    return await env.finished(await forged.press(person, made, "s1:po:0:1"))


ROWS = (
    row(
        "a song of a ZIP whose file is gone",
        packs(_media(Fault(404, path=f"/audio/{OTHER.songs[1].clip_id}"))),
        "zip.absent",
    ),
    row("a ZIP while there is no room on the disk", packs(_no_room), "zip.noroom"),
    row("a second ZIP while the first is packed", packs_twice_at_once, "zip.busy"),
    row("a song whose post was deleted, and which no gateway has", plays_what_is_gone, "library.gone_audio"),
    row(
        "a song for a playlist from a channel that the person may not view",
        with_playlist("add", name="Mine", song=OTHER.id),
        "playlist.no_song",
    ),
    row(
        "a playlist posted where not everybody may view a song of it",
        with_playlist("post", name="Ours"),
        "playlist.nothing",
    ),
    row("a playlist whose name cannot be read", with_playlist("create", name="\u200b#"), "playlist.nameless"),
    row("a forged button of another's playlist", presses_for_anothers_playlist, "playlist.gone"),
)
