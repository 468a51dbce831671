"""/suno settings and help; who may use the bot, and how often."""

import json
from datetime import datetime
from typing import Any

import pytest

from sandbox.local_discord.people import components
from tests.conftest import Town
from tests.e2e.test_watch import DONE, LATER
from tests.messages import buttons, links, words


async def settings(town: Town) -> dict[str, Any]:
    return await town.finished(await town.ada.slash(town.channel, "suno settings"))


def chosen(message: dict[str, Any]) -> list[str]:
    return [each["label"] for each in components(message) if each.get("style") == 1]


async def test_a_language_of_ones_own(town: Town) -> None:
    async with town.bot():
        panel = await settings(town)
        assert chosen(panel) == ["Same as Discord", "Everyone here", "In the server"]
        await town.ada.press(panel, "简体中文")
        await town.discord.hub.until(lambda: "你的设置" in words(panel))
        answer = await town.status("task_nowhere")
    async with town.bot():
        again = await town.status("task_nowhere")
    assert "没有找到任务" in answer["content"]
    assert again["content"] == answer["content"]


async def test_answers_for_oneself_alone(town: Town) -> None:
    town.gateway.add(LATER)
    async with town.bot():
        panel = await settings(town)
        await town.ada.press(panel, "Only me")
        await town.discord.hub.until(lambda: "Only me" in chosen(panel))
        private = await town.status(LATER.id)
        public = await town.status(LATER.id, show="everyone")
        batch = await town.finished(await town.ada.slash(town.channel, "suno batch", ids=f"{LATER.id} task_other"))
        audio = await town.finished(await town.ada.slash(town.channel, "suno audio", id=LATER.id))
        shown = await town.finished(await town.ada.slash(town.channel, "suno audio", id=LATER.id, show="everyone"))
    assert private["flags"] & batch["flags"] & audio["flags"] & 64
    assert not (public["flags"] | shown["flags"]) & 64


async def test_songs_to_ones_dms(town: Town) -> None:
    town.gateway.add(DONE)
    async with town.bot():
        panel = await settings(town)
        await town.ada.press(panel, "My DMs")
        await town.discord.hub.until(lambda: "My DMs" in chosen(panel))
        await town.watch(DONE.id)
        _, post = await town.posts(2, at=town.discord.world.dm_with(town.ada.user))
    assert len(post["attachments"]) == 2


async def test_export_and_delete_everything(town: Town) -> None:
    town.gateway.add(LATER)
    async with town.bot():
        await town.status(LATER.id)
        await town.watch(LATER.id)
        await town.watch("task_bens", person=town.ben)
        await town.watch("task_bens", mention=town.ada.user)
        panel = await settings(town)
        await town.ada.press(panel, "Only me")
        await town.discord.hub.until(lambda: "Only me" in chosen(panel))
        exported = await town.finished(await town.ada.press(panel, "Export my data"))
        data = _json(town, exported)
        asked = await town.finished(await town.ada.press(panel, "Delete my data"))
        assert _json(town, await town.finished(await town.ada.press(panel, "Export my data"))) == data
        cancelled = await town.finished(await town.ada.press(panel, "Delete my data"))
        await town.ada.press(cancelled, "Cancel")
        await town.discord.hub.until(lambda: "Nothing was deleted" in cancelled["content"])
        assert buttons(cancelled) == []
        assert _json(town, await town.finished(await town.ada.press(panel, "Export my data"))) == data
        question = asked["content"]
        deleted = await town.finished(await town.ada.press(asked, "Yes, delete everything"))
        await town.discord.hub.until(lambda: "Deleted:" in deleted["content"])
        after = _json(town, await town.finished(await town.ada.press(panel, "Export my data")))
        bens = await town.watches(town.ben)
    assert [row["task_id"] for row in data["watches"]] == [LATER.id]
    assert [row["task_id"] for row in data["history"]] == [LATER.id]
    assert len(data["mentioned_in"]) == 1
    assert data["watches"][0]["user_id"] == town.ada.id
    assert data["watches"][0]["channel_id"] == town.channel["id"]
    assert datetime.fromisoformat(data["watches"][0]["created_at"]).tzinfo
    assert "Are you sure?" in question
    assert "2 watches, 1 looked-up task and 0 lists" in deleted["content"], "hers, and the one that she joined"
    assert buttons(deleted) == []
    assert all(rows == [] for rows in after.values())
    assert "task_bens" in words(bens), "others keep theirs"


def _json(town: Town, message: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(town.discord.world.files[message["attachments"][0]["id"]].content)
    return found


async def test_help_has_examples_privacy_and_invitations(town: Town) -> None:
    async with town.bot():
        english = await town.finished(await town.ada.slash(town.channel, "suno help"))
        chinese = await town.finished(await town.ben.slash(town.channel, "suno help"))
    assert all(each in words(english) for each in ("/suno watch", "Privacy", "Version"))
    assert "permissions=274878024704" in links(english)["Add to a server"]
    assert "integration_type=1" in links(english)["Add to your account"]
    assert "隐私" in words(chinese)


async def test_in_a_dm_members_of_a_shared_server_may(town: Town) -> None:
    world = town.discord.world
    stranger = world.add_user("Stan")
    world.installed_by.add(stranger["id"])
    dm = world.dm_with(stranger)
    async with town.bot():
        refused = await town.finished(await town.discord.person(stranger).slash(dm, "suno status", id="task_abcd"))
        town.discord.person(stranger).say(dm, "task_abcd")
        told = (await town.posts(at=dm))[0]
        await town.status("task_abcd")
    assert "people who share a server with me" in refused["content"]
    assert "people who share a server with me" in told["content"]
    assert all("task_abcd" not in request.path for request in town.gateway.requests[1:]), "his costs nobody a request"


@pytest.mark.parametrize(
    ("use", "listed", "refusal"),
    [
        ("off", "", "only use me in servers"),
        ("listed", "", "owner's list"),
        ("listed", "ada", ""),
        ("everyone", "", ""),
    ],
)
async def test_who_may_use_it_in_a_dm_is_a_setting(town: Town, use: str, listed: str, refusal: str) -> None:
    users = (int((town.ada if listed else town.ben).id),)
    async with town.bot(private_use=use, private_users=users):
        answer = await town.finished(
            await town.ada.slash(town.discord.world.dm_with(town.ada.user), "suno status", id="task_abcd")
        )
        assert "I found no task" in (await town.status("task_abcd"))["content"], "in a server everyone may"
    assert (refusal or "I found no task") in answer["content"]


async def test_one_person_who_asks_too_often_is_held_up_alone(town: Town) -> None:
    async with town.bot(requests_per_minute=3):
        answers = [await town.status("task_abcd") for _ in range(4)]
        bens = await town.status("task_abcd", person=town.ben)
    assert "Too many requests. Try again <t:" in answers[3]["content"]
    assert "I found no task" in answers[2]["content"]
    assert "没有找到任务" in bens["content"]


async def test_buttons_count_too(town: Town) -> None:
    town.gateway.add(LATER)
    async with town.bot(requests_per_minute=2):
        card = await town.status(LATER.id)
        await town.ada.press(card, "Refresh")
        pressed = await town.ada.press(card, "Refresh")
        await town.discord.hub.until(lambda: pressed.message)
    assert pressed.message
    assert "Too many requests" in pressed.message["content"]
    assert buttons(card)


@pytest.mark.parametrize("command", ["suno status", "suno audio"])
async def test_errors_are_for_the_person_alone(town: Town, command: str) -> None:
    async with town.bot():
        asked = await town.ada.slash(town.channel, command, id="task_nowhere")
        answer = await town.finished(asked)
        assert "I found no task" in answer["content"]
        assert answer["flags"] & 64
        assert town.ben.read(town.channel) == [], "nobody else sees that anything was asked"
