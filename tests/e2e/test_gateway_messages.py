"""Messages of a gateway about an id, its key or a failure: who is shown them, and who is not."""

import json
from typing import Any

import pytest

from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.seen import busy, refuses
from sandbox.local_gateway.server import Fault
from tests.conftest import KEY, Env
from tests.e2e.admin_panel import admin
from tests.messages import links, words
from tests.sample_tasks import DONE, ONE, SOON, TWO

MINUTE = 60.0  # seconds

UNKNOWN: list[tuple[int, Any]] = [
    (404, {"detail": "Task not found"}),
    (404, {"detail": "Not Found"}),
    (400, {"code": 4, "description": "任务不存在或已失效"}),
    (200, {"code": 500, "msg": "任务不存在", "data": None}),
]
ONE_SONG = FakeTask("task_published", songs=(Song("published", "Sedge"),))
USAGE = {"total_used": 120_000, "total_available": 0, "expires_at": 0, "name": KEY}


@pytest.mark.parametrize("unknown", UNKNOWN)
async def test_an_unknown_id_does_not_prevent_the_delivery_of_other_tasks(env: Env, unknown: tuple[int, Any]) -> None:
    """At a relay without the batch call; also after a restart."""
    env.gateway.batch = False
    env.gateway.unknown = unknown
    env.gateway.add(SOON)
    async with env.bot():
        await env.watch("task_typo", "task_other")
        await env.watch(SOON.id)
        await env.clock.advance(20, step=5)
    async with env.bot():
        await env.clock.advance(5 * MINUTE, step=5)
        posts = await env.posts(3)
        assert env.posted(env.owner_dm) == []
    assert sum("task_typo" in words(post) or "task_other" in words(post) for post in posts) == 2
    assert sum(len(post["attachments"]) for post in posts) > 0


@pytest.mark.parametrize("songs", [(), (Song("s-1", state="streaming"), Song("s-2", state="failed"))])
async def test_suno_apis_failed_task_is_failed(env: Env, songs: tuple[Song, ...]) -> None:
    """Its answer for one task is null, or songs without their task: only the answer for many has the status."""
    env.gateway.add(FakeTask("task_bad", "suno-api", songs, states=((0, "failed"),), reason="not enough credits"))
    async with env.bot():
        shown = await env.status("task_bad")
    assert [request.method for request in env.gateway.requests] == ["GET", "POST"]
    assert "Failed" in words(shown)
    assert "not enough credits" in words(shown)


async def test_the_owner_hears_why_a_key_is_refused(env: Env) -> None:
    env.gateway.usage = USAGE
    env.gateway.faults.append(refuses(403, f"This token {KEY} has no access to model suno_music"))
    async with env.bot():
        await env.watch("task_any")
        await env.clock.advance(MINUTE, step=5)
        (notice,) = await env.posts(at=env.owner_dm)
        checked = (await admin(env, "check"))["content"]
        listed = words(await env.finished(await env.ada.slash(env.channel, "suno batch", ids="task_any1 task_b2")))
    for text in (notice["content"], checked):
        assert "This token [key] has no access to model" in text
        assert KEY not in text
    assert "Its quota is used up (120,000 used)." in notice["content"]
    assert "密钥的额度已用完" in notice["content"]
    assert "Gateway `default`" in checked
    assert "couldn't be checked: the gateway refuses the bot's key" in listed


async def test_the_owner_hears_that_an_account_has_no_money_and_nothing_is_lost(env: Env) -> None:
    env.gateway.add(SOON)
    env.gateway.faults.append(Fault(402, b'{"code":402,"msg":"The current credits are insufficient. Please top up."}'))
    async with env.bot():
        await env.watch(SOON.id)
        await env.clock.advance(MINUTE, step=5)
        (notice,) = await env.posts(at=env.owner_dm)
        assert "The current credits are insufficient. Please top up." in notice["content"]
        assert "the account's credit" in notice["content"]
        assert "your task is not affected" in words(await env.status(SOON.id))
        env.gateway.faults.clear()
        await env.clock.advance(10 * MINUTE, step=5)
        (post,) = await env.posts()
    assert len(post["attachments"]) == len(SOON.songs)


async def test_a_healthy_gateway_is_not_mentioned(env: Env) -> None:
    env.gateway.add(DONE)
    async with env.bot():
        await env.status(DONE.id)
        assert "Gateway" not in (await admin(env, "check"))["content"]


async def test_busy_is_tried_again_soon_however_often(env: Env) -> None:
    env.gateway.add(DONE)
    env.gateway.faults.append(busy())
    async with env.bot():
        await env.watch(DONE.id)
        await env.clock.advance(10 * MINUTE, step=5)
        env.gateway.faults.clear()
        await env.clock.advance(15, step=1)
        (post,) = await env.posts()
        assert env.posted(env.owner_dm) == []
    assert len(post["attachments"]) == 2


async def test_a_deleted_channel_is_explained_and_its_streams_are_kept(env: Env) -> None:
    """new-api fails such a task, and leaves its data as they were."""
    songs = (Song(ONE.clip_id, "Kettle", state="streaming"), Song(TWO.clip_id, "Kettle", state="streaming"))
    reason = "获取渠道信息失败，请联系管理员，渠道ID：3"
    env.gateway.add(FakeTask("task_orphan1", songs=songs, states=((0, "failed"),), reason=reason))
    async with env.bot():
        answer = await env.status("task_orphan1")
    assert "The gateway removed the channel that was making this task" in words(answer)
    assert reason in words(answer)
    assert [label for label in links(answer) if "renders" in label] == []
    assert len([label for label in links(answer) if "Stream" in label]) == 2


async def test_no_task_may_be_that_of_another_account(env: Env) -> None:
    async with env.bot():
        answer = await env.status("task_typo")
    assert "only shows a task to the account that made it" in words(answer)


async def test_a_style_is_shown_and_posted(env: Env) -> None:
    said = b'{"data":{"task_id":"task_style1","status":"SUCCESS","data":{"upsampled_tags":"slow harmonica"}}}'
    env.gateway.faults.append(Fault(200, said, path="task_style1"))
    env.gateway.faults.append(Fault(200, said.replace(b":{", b":[{", 1).replace(b"}}}", b"}}]}"), path="fetch$"))
    async with env.bot():
        answer = await env.status("task_style1")
        await env.watch("task_style1")
        (post,) = await env.posts()
    for message in (answer, post):
        (field,) = (each for each in message["embeds"][0]["fields"] if each["name"] == "Style")
        assert field["value"] == "slow harmonica"
    assert "audio" not in answer["content"]


async def test_each_address_of_a_song_is_tried(env: Env) -> None:
    lost = f"{env.gateway.media_url}/audio/nothing.mp3"

    def beside(body: bytes) -> bytes:
        found = f"{env.gateway.media_url}/audio/{ONE.clip_id}"
        said = f'"audio_url": "{lost}", "media_urls": [{{"url": "{found}", "content_type": "m4a-opus"}}]'
        return body.replace(f'"audio_url": "{found}"'.encode(), said.encode())

    env.gateway.add(FakeTask("task_two_ways", songs=(ONE,)))
    env.gateway.faults.append(Fault(200, change=beside))
    async with env.bot():
        answer = await env.status("task_two_ways")
    assert len(answer["attachments"]) == 1


ID = "5e0c7a11-3b52-4f0e-9d67-1c2b3a4d5e6f"
BLOCKED = "these words are blocked"
FAILED = f"**Failed**\nThe gateway says: {BLOCKED}"
PUBLISHED: list[tuple[Any, str, int]] = [
    ({"code": 200, "data": {"task_id": ID, "status": "3", "title": "Sedge", "audio_url": "FILE"}}, "Sedge", 1),
    ({"code": 200, "data": {"task_id": ID, "status": "2"}}, "Unknown state “2”", 0),
    ({"code": 200, "data": {"task_id": ID, "state": "-1", "msg": BLOCKED}}, FAILED, 0),
    (
        {"code": 531, "msg": BLOCKED, "data": {"task_id": ID, "callbackType": "error", "data": None}},
        FAILED,
        0,
    ),
    (
        {"data": {"callbackType": "first", "task_id": ID, "data": [{"id": "s-1", "audio_url": "FILE"},
                                                                   {"id": "s-2", "audio_url": ""}]}},
        "**Generating** · 1 of 2 songs ready",
        1,
    ),
    (
        {"data": [{"task_id": f"{ID}_1", "status": "SUCCESS", "data": [{"id": "s-1", "audio_url": "FILE"}]},
                  {"task_id": f"{ID}_2", "status": "QUEUED", "data": None}]},
        "**Generating** · 1 of 2 songs ready",
        1,
    ),
    ({"type": "SUCCESS", "response_data": [{"id": "s-1", "title": "Sedge", "audio_url": "FILE"}]}, "Sedge", 1),
    ({"code": 422, "msg": "recordInfo is null", "data": None}, f"I found no task `{ID}`", 0),
    ({"code": 429, "msg": "The current credits are insufficient.", "data": None}, "refused the bot's key", 0),
]  # fmt: skip


@pytest.mark.parametrize(("body", "shown", "files"), PUBLISHED)
async def test_a_person_reads_what_a_published_answer_means(env: Env, body: Any, shown: str, files: int) -> None:
    env.gateway.add(ONE_SONG)
    answer = json.dumps(body).replace("FILE", f"{env.gateway.media_url}/mp3/published.mp3").encode()
    env.gateway.faults.append(Fault(200, answer, path="/suno/"))
    async with env.bot():
        card = await env.status(ID)
    assert shown in words(card)
    assert len(card["attachments"]) == files
