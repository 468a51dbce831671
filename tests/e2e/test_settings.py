"""/suno settings and help; who may use the bot, and how often."""

import json
from datetime import datetime
from typing import Any

import pytest

from sandbox.local_discord.people import components
from tests.conftest import Env
from tests.messages import buttons, links, words
from tests.sample_tasks import DONE, LATER


async def settings(env: Env) -> dict[str, Any]:
    return await env.finished(await env.ada.slash(env.channel, "suno settings"))


def chosen(message: dict[str, Any]) -> list[str]:
    return [each["label"] for each in components(message) if each.get("style") == 1]


async def test_a_language_of_ones_own(env: Env) -> None:
    async with env.bot():
        panel = await settings(env)
        assert chosen(panel) == ["Same as Discord", "Everyone here", "In the server", "With my name"]
        await env.ada.press(panel, "简体中文")
        await env.discord.hub.until(lambda: "你的设置" in words(panel))
        answer = await env.status("task_nowhere")
    async with env.bot():
        again = await env.status("task_nowhere")
    assert "没有找到任务" in answer["content"]
    assert again["content"] == answer["content"]


async def test_answers_for_oneself_alone(env: Env) -> None:
    env.gateway.add(LATER)
    async with env.bot():
        panel = await settings(env)
        await env.ada.press(panel, "Only me")
        await env.discord.hub.until(lambda: "Only me" in chosen(panel))
        private = await env.status(LATER.id)
        public = await env.status(LATER.id, show="everyone")
        batch = await env.finished(await env.ada.slash(env.channel, "suno batch", ids=f"{LATER.id} task_other"))
        audio = await env.finished(await env.ada.slash(env.channel, "suno audio", id=LATER.id))
        shown = await env.finished(await env.ada.slash(env.channel, "suno audio", id=LATER.id, show="everyone"))
    assert private["flags"] & batch["flags"] & audio["flags"] & 64
    assert not (public["flags"] | shown["flags"]) & 64


async def test_songs_to_ones_dms(env: Env) -> None:
    env.gateway.add(DONE)
    async with env.bot():
        panel = await settings(env)
        await env.ada.press(panel, "My DMs")
        await env.discord.hub.until(lambda: "My DMs" in chosen(panel))
        await env.watch(DONE.id)
        _, post = await env.posts(2, at=env.discord.world.dm_with(env.ada.user))
    assert len(post["attachments"]) == 2


async def test_export_and_delete_everything(env: Env) -> None:
    env.gateway.add(LATER)
    async with env.bot():
        await env.status(LATER.id)
        await env.watch(LATER.id)
        await env.watch("task_bens", person=env.ben)
        await env.watch("task_bens", mention=env.ada.user)
        panel = await settings(env)
        await env.ada.press(panel, "Only me")
        await env.discord.hub.until(lambda: "Only me" in chosen(panel))
        exported = await env.finished(await env.ada.press(panel, "Export my data"))
        data = _json(env, exported)
        asked = await env.finished(await env.ada.press(panel, "Delete my data"))
        assert _json(env, await env.finished(await env.ada.press(panel, "Export my data"))) == data
        cancelled = await env.finished(await env.ada.press(panel, "Delete my data"))
        await env.ada.press(cancelled, "Cancel")
        await env.discord.hub.until(lambda: "Nothing was deleted" in cancelled["content"])
        assert buttons(cancelled) == []
        assert _json(env, await env.finished(await env.ada.press(panel, "Export my data"))) == data
        question = asked["content"]
        deleted = await env.finished(await env.ada.press(asked, "Yes, delete everything"))
        await env.discord.hub.until(lambda: "Deleted:" in deleted["content"])
        after = _json(env, await env.finished(await env.ada.press(panel, "Export my data")))
        bens = await env.watches(env.ben)
    assert [row["task_id"] for row in data["watches"]] == [LATER.id]
    assert [row["task_id"] for row in data["history"]] == [LATER.id]
    assert len(data["mentioned_in"]) == 1
    assert data["watches"][0]["user_id"] == env.ada.id
    assert data["watches"][0]["channel_id"] == env.channel["id"]
    assert datetime.fromisoformat(data["watches"][0]["created_at"]).tzinfo
    assert "Are you sure?" in question
    assert "2 watches, 1 looked-up task, 0 lists and 0 songs in the library" in deleted["content"], (
        "hers, and the one that she joined"
    )
    assert buttons(deleted) == []
    assert all(rows == [] for rows in after.values())
    assert "task_bens" in words(bens), "others keep theirs"


def _json(env: Env, message: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(env.discord.world.files[message["attachments"][0]["id"]].content)
    return found


async def test_help_has_examples_privacy_and_invitations(env: Env) -> None:
    async with env.bot():
        english = await env.finished(await env.ada.slash(env.channel, "suno help"))
        chinese = await env.finished(await env.ben.slash(env.channel, "suno help"))
    assert all(each in words(english) for each in ("/suno watch", "Privacy", "Version"))
    assert "permissions=274878024704" in links(english)["Add to a server"]
    assert "integration_type=1" in links(english)["Add to your account"]
    assert "隐私" in words(chinese)


async def test_in_a_dm_members_of_a_shared_server_may(env: Env) -> None:
    world = env.discord.world
    stranger = world.add_user("Stan")
    world.installed_by.add(stranger["id"])
    dm = world.dm_with(stranger)
    async with env.bot():
        refused = await env.finished(await env.discord.person(stranger).slash(dm, "suno status", id="task_abcd"))
        env.discord.person(stranger).say(dm, "task_abcd")
        notice = (await env.posts(at=dm))[0]
        await env.status("task_abcd")
    assert "people who share a server with me" in refused["content"]
    assert "people who share a server with me" in notice["content"]
    assert all("task_abcd" not in request.path for request in env.gateway.requests[1:]), "his costs nobody a request"


@pytest.mark.parametrize(
    ("use", "listed", "refusal"),
    [
        ("off", "", "only use me in servers"),
        ("listed", "", "owner's list"),
        ("listed", "ada", ""),
        ("everyone", "", ""),
    ],
)
async def test_a_setting_decides_who_may_use_it_in_dms(env: Env, use: str, listed: str, refusal: str) -> None:
    users = (int((env.ada if listed else env.ben).id),)
    async with env.bot(private_use=use, private_users=users):
        answer = await env.finished(
            await env.ada.slash(env.discord.world.dm_with(env.ada.user), "suno status", id="task_abcd")
        )
        assert "I found no task" in (await env.status("task_abcd"))["content"], "in a server everyone may"
    assert (refusal or "I found no task") in answer["content"]


async def test_a_rate_limit_affects_only_its_person(env: Env) -> None:
    async with env.bot(requests_per_minute=3):
        answers = [await env.status("task_abcd") for _ in range(4)]
        bens = await env.status("task_abcd", person=env.ben)
    assert "Too many requests. Try again <t:" in answers[3]["content"]
    assert "I found no task" in answers[2]["content"]
    assert "没有找到任务" in bens["content"]


async def test_buttons_count_too(env: Env) -> None:
    env.gateway.add(LATER)
    async with env.bot(requests_per_minute=2):
        card = await env.status(LATER.id)
        await env.ada.press(card, "Refresh")
        pressed = await env.ada.press(card, "Refresh")
        await env.discord.hub.until(lambda: pressed.message)
    assert pressed.message
    assert "Too many requests" in pressed.message["content"]
    assert buttons(card)


@pytest.mark.parametrize("command", ["suno status", "suno audio"])
async def test_errors_are_for_the_person_alone(env: Env, command: str) -> None:
    async with env.bot():
        asked = await env.ada.slash(env.channel, command, id="task_nowhere")
        answer = await env.finished(asked)
        assert "I found no task" in answer["content"]
        assert answer["flags"] & 64
        assert env.ben.read(env.channel) == [], "nobody else sees that anything was asked"
