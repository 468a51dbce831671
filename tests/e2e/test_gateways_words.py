"""What a gateway says of one id, of its key, and of what failed: who hears of it, and who does not."""

from typing import Any

import pytest

from sandbox.local_gateway.life import Life, Song
from sandbox.local_gateway.seen import busy, refuses
from sandbox.local_gateway.server import Fault
from tests.conftest import KEY, Town
from tests.e2e.test_admin import admin
from tests.e2e.test_outages import MINUTE, owner
from tests.e2e.test_watch import DONE, ONE, SOON, TWO
from tests.messages import links, words

UNKNOWN: list[tuple[int, Any]] = [
    (404, {"detail": "Task not found"}),
    (404, {"detail": "Not Found"}),
    (400, {"code": 4, "description": "任务不存在或已失效"}),
    (200, {"code": 500, "msg": "任务不存在", "data": None}),
]
USAGE = {"total_used": 120_000, "total_available": 0, "expires_at": 0, "name": KEY}


@pytest.mark.parametrize("unknown", UNKNOWN)
async def test_an_unknown_id_keeps_no_other_task_from_being_brought(town: Town, unknown: tuple[int, Any]) -> None:
    """At a relay without the batch call; also after a restart."""
    town.gateway.batch = False
    town.gateway.unknown = unknown
    town.gateway.add(SOON)
    async with town.bot():
        await town.watch("task_typo", "task_other")
        await town.watch(SOON.id)
        await town.clock.pass_(20, step=5)
    async with town.bot():
        await town.clock.pass_(5 * MINUTE, step=5)
        posts = await town.posts(3)
        assert town.posted(owner(town)) == []
    assert sum("task_typo" in words(post) or "task_other" in words(post) for post in posts) == 2
    assert sum(len(post["attachments"]) for post in posts) > 0


@pytest.mark.parametrize("songs", [(), (Song("s-1", state="streaming"), Song("s-2", state="failed"))])
async def test_suno_apis_failed_task_is_told_as_failed(town: Town, songs: tuple[Song, ...]) -> None:
    """Its answer for one task is null, or songs without their task: only the answer for many has the status."""
    town.gateway.add(Life("task_bad", "suno-api", songs, states=((0, "failed"),), reason="not enough credits"))
    async with town.bot():
        shown = await town.status("task_bad")
    assert [request.method for request in town.gateway.requests] == ["GET", "POST"]
    assert "Failed" in words(shown)
    assert "not enough credits" in words(shown)


async def test_the_owner_hears_why_a_key_is_refused(town: Town) -> None:
    town.gateway.usage = USAGE
    town.gateway.faults.append(refuses(403, f"This token {KEY} has no access to model suno_music"))
    async with town.bot():
        await town.watch("task_any")
        await town.clock.pass_(MINUTE, step=5)
        (told,) = await town.posts(at=owner(town))
        checked = (await admin(town, "check"))["content"]
        listed = words(await town.finished(await town.ada.slash(town.channel, "suno batch", ids="task_any1 task_b2")))
    for text in (told["content"], checked):
        assert "This token [key] has no access to model" in text
        assert KEY not in text
    assert "Its quota is used up (120,000 used)." in told["content"]
    assert "密钥的额度已用完" in told["content"]
    assert "Gateway `default`" in checked
    assert "couldn't be checked: the gateway refuses the bot's key" in listed


async def test_a_gateway_that_is_well_is_not_spoken_of(town: Town) -> None:
    town.gateway.add(DONE)
    async with town.bot():
        await town.status(DONE.id)
        assert "Gateway" not in (await admin(town, "check"))["content"]


async def test_busy_is_tried_again_soon_however_often(town: Town) -> None:
    town.gateway.add(DONE)
    town.gateway.faults.append(busy())
    async with town.bot():
        await town.watch(DONE.id)
        await town.clock.pass_(10 * MINUTE, step=5)
        town.gateway.faults.clear()
        await town.clock.pass_(15, step=1)
        (post,) = await town.posts()
        assert town.posted(owner(town)) == []
    assert len(post["attachments"]) == 2


async def test_a_deleted_channel_is_explained_and_its_streams_are_kept(town: Town) -> None:
    """new-api fails such a task, and leaves its data as they were."""
    songs = (Song(ONE.clip_id, "Kettle", state="streaming"), Song(TWO.clip_id, "Kettle", state="streaming"))
    reason = "获取渠道信息失败，请联系管理员，渠道ID：3"
    town.gateway.add(Life("task_orphan1", songs=songs, states=((0, "failed"),), reason=reason))
    async with town.bot():
        answer = await town.status("task_orphan1")
    assert "The gateway removed the channel that was making this task" in words(answer)
    assert reason in words(answer)
    assert [label for label in links(answer) if "renders" in label] == []
    assert len([label for label in links(answer) if "Stream" in label]) == 2


async def test_no_task_may_be_that_of_another_account(town: Town) -> None:
    async with town.bot():
        answer = await town.status("task_typo")
    assert "only shows a task to the account that made it" in words(answer)


async def test_a_style_is_shown_and_posted(town: Town) -> None:
    said = b'{"data":{"task_id":"task_style1","status":"SUCCESS","data":{"upsampled_tags":"slow harmonica"}}}'
    town.gateway.faults.append(Fault(200, said, path="task_style1"))
    town.gateway.faults.append(Fault(200, said.replace(b":{", b":[{", 1).replace(b"}}}", b"}}]}"), path="fetch$"))
    async with town.bot():
        answer = await town.status("task_style1")
        await town.watch("task_style1")
        (post,) = await town.posts()
    for message in (answer, post):
        (field,) = (each for each in message["embeds"][0]["fields"] if each["name"] == "Style")
        assert field["value"] == "slow harmonica"
    assert "audio" not in answer["content"]


async def test_each_address_of_a_song_is_tried(town: Town) -> None:
    lost = f"{town.gateway.media_url}/audio/nothing.mp3"

    def beside(body: bytes) -> bytes:
        found = f"{town.gateway.media_url}/audio/{ONE.clip_id}"
        said = f'"audio_url": "{lost}", "media_urls": [{{"url": "{found}", "content_type": "m4a-opus"}}]'
        return body.replace(f'"audio_url": "{found}"'.encode(), said.encode())

    town.gateway.add(Life("task_two_ways", songs=(ONE,)))
    town.gateway.faults.append(Fault(200, change=beside))
    async with town.bot():
        answer = await town.status("task_two_ways")
    assert len(answer["attachments"]) == 1
