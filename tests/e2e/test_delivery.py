"""Posts on their way: their order, and notices about them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from bot.domain.delivery import RECHECK
from sandbox.local_discord.faults import Fault as DiscordFault
from sandbox.local_discord.permissions import Permission
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault
from tests.conftest import Env
from tests.e2e.admin_panel import admin, choose
from tests.e2e.deliveries import POSTS, rows, sends
from tests.sample_tasks import DONE, FAST, ONE, SOON, TWO


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """What the database is asked."""
    asked: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    yield asked
    event.remove(Engine, "before_cursor_execute", hear)


async def test_a_channel_keeps_the_order_in_which_songs_were_finished(env: Env) -> None:
    fakes = [
        FakeTask(
            f"task_{number:04}",
            songs=(Song(f"{number:08}-1111-4222-8333-444444444444", f"Song {number}", duration=2.0),),
            states=((0, "running"), (20 + number, "done")),
        )
        for number in range(6)
    ]
    env.gateway.add(*fakes)
    env.gateway.media_faults.append(Fault(500, path="00000001", times=1))
    async with env.bot(**FAST):
        await env.watch(*(fake.id for fake in reversed(fakes)))
        await env.finish()
        posts = await env.posts(6)
    assert [post["embeds"][0]["title"] for post in posts] == [f"Song {number}" for number in range(6)]


async def test_no_claims_are_tried_while_all_send_slots_are_taken(
    env: Env, guild: dict[str, Any], statements: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bot.services.delivery.notifier.MAX_SENDING", 4)  # messages on their way
    env.gateway.add(DONE)
    places = [env.discord.changes.add_channel(guild, f"songs-{number}") for number in range(5)]
    answered = asyncio.Event()
    env.discord.faults.order(DiscordFault(POSTS, 200, method="POST", times=4, held=answered, after=True))
    async with env.bot():
        for place in places:
            await env.watch(DONE.id, channel=place)
        await env.discord.hub.until(lambda: sends(env) == 4 and rows(tmp_path, "deliveries") == 5)
        await env.settle_down()
        statements.clear()
        await env.settle_down()
        assert len(statements) < 20
        answered.set()
        for place in places:
            await env.posts(at=place)


_MONTH = 31 * 86_400.0  # seconds


@pytest.mark.parametrize("told_in", ["a DM", "a staff channel"])
async def test_an_undeliverable_notice_does_not_keep_rows_for_ever(
    env: Env, guild: dict[str, Any], tmp_path: Path, told_in: str
) -> None:
    """The song came, and a month later there is no word left of it."""
    env.gateway.add(SOON)
    everyone = guild["roles"][0]
    async with env.bot(**FAST):
        if told_in == "a DM":
            env.discord.world.closed_dms.add(env.ada.id)
        else:
            staff = env.discord.changes.add_channel(guild, "staff")
            await _errors_to(env, staff)
            env.discord.changes.override(staff, everyone, deny=Permission.SEND_MESSAGES)
        await env.watch(SOON.id)
        env.discord.changes.override(env.channel, everyone, deny=Permission.SEND_MESSAGES)
        await env.finish()
        await env.discord.hub.until(lambda: any(each.status == 403 for each in env.discord.requests))
        env.discord.changes.override(env.channel, everyone)
        await env.posts()
        await env.settle_down()
        env.clock.jump(_MONTH)
        await env.discord.hub.until(lambda: not rows(tmp_path, "watches"))
    assert (rows(tmp_path, "deliveries"), rows(tmp_path, "answers")) == (0, 0)


async def _errors_to(env: Env, channel: dict[str, Any]) -> None:
    await choose(env, await admin(env, "setup"), "errors", channel["id"])


async def test_no_notice_of_a_blocked_song_is_sent_once_the_song_is_posted(
    env: Env, guild: dict[str, Any], tmp_path: Path
) -> None:
    env.gateway.add(SOON)
    everyone, dm = guild["roles"][0], env.discord.world.dm_with(env.ben.user)
    in_dm = rf"^/channels/{dm['id']}/messages$"
    env.discord.faults.fail(in_dm, 503, times=1_000)
    async with env.bot(**FAST):
        await env.watch(SOON.id, person=env.ben)
        env.discord.changes.override(env.channel, everyone, deny=Permission.SEND_MESSAGES)
        await env.finish()
        await env.discord.hub.until(lambda: any(each.status == 503 for each in env.discord.requests))
        env.discord.changes.override(env.channel, everyone)
        await env.posts()
        await env.discord.hub.until(lambda: rows(tmp_path, "deliveries WHERE topic = 'songs' AND state = 'sent'"))
        env.discord.faults.clear()
        await env.clock.advance(RECHECK, step=60)
        await env.settle_down()
    assert env.posted(dm) == []


async def test_managers_get_the_notice_of_a_failed_song_though_its_sibling_was_sent(
    env: Env, guild: dict[str, Any]
) -> None:
    first = Song(ONE.clip_id, "First", duration=3.0, state="done")
    env.gateway.add(FakeTask("task_apart", songs=(first, TWO), states=((0, "running"), (60, "done"))))
    staff = env.discord.changes.add_channel(guild, "staff")
    in_staff = rf"^/channels/{staff['id']}/messages$"
    in_channel = rf"^/channels/{env.channel['id']}/messages$"
    async with env.bot(**FAST):
        await _errors_to(env, staff)
        env.discord.faults.fail(in_staff, 503, times=1_000)
        env.discord.faults.fail(in_channel, 400, 50035, times=5)  # each form of the first song
        await env.watch("task_apart")
        await env.discord.hub.until(lambda: any(each.status == 503 for each in env.discord.requests))
        await env.clock.advance(61, step=1)
        await env.posts()
        env.discord.faults.clear()
        await env.clock.advance(120, step=5)
        (notice,) = await env.posts(at=staff)
    assert "Something couldn't be posted" in notice["content"]


async def test_one_persons_many_messages_in_a_channel_hold_up_nobody_elses(env: Env) -> None:
    """Discord takes five in five seconds there."""
    env.discord.rest.limits.enforced = True
    many = [FakeTask(f"task{number:08}", songs=(ONE,)) for number in range(25)]
    env.gateway.add(DONE, *many)
    async with env.bot():
        await env.watch(*(fake.id for fake in many), person=env.ben)
        await env.posts(1)
        await env.watch(DONE.id)
        await env.discord.hub.until(lambda: any(len(post["attachments"]) == 2 for post in env.posted()))
        assert len(env.posted()) < 15
