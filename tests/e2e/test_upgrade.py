"""The bot is upgraded while songs are being made and posted: what was asked for before comes after."""

import msgspec
import pytest
from sqlalchemy import create_engine, text

from bot.domain.task import Clip, Status, Task, TaskKind
from bot.storage.migrations import upgrade
from sandbox.local_gateway.fake_task import FakeTask
from tests.conftest import Env
from tests.sample_tasks import FAST, ONE, TWO

RELEASED = "0010"  # what the last released version left behind

UNDER_WAY = FakeTask("task_under_way_0001", songs=(ONE,), states=((0, "running"), (2, "done")))
OWED = FakeTask("task_with_a_post_owed", songs=(TWO,))


@pytest.mark.usefixtures("_before_the_first_start")
async def test_watches_and_deliveries_of_the_released_version_go_on(env: Env) -> None:
    env.gateway.add(UNDER_WAY, OWED)
    now, channel, ada = env.clock.now(), env.channel["id"], env.ada.user["id"]
    engine = create_engine(env.settings["database_url"])
    with engine.connect() as connection:
        upgrade(connection, RELEASED)
    watch = f"VALUES (:id, :task, {ada}, {channel}, {env.channel['guild_id']}, '[]', '', 0, 'en-US', 'en-US', {now},"
    with engine.begin() as connection:
        for number, (fake, outcome) in enumerate(((UNDER_WAY, ""), (OWED, "delivered")), 1):
            due = "NULL" if outcome else str(now)
            task = f"VALUES (:task, 'default', 'running', {now}, {now}, {now}, 0, {due}, 0.0, x'', 0, 'MUSIC')"
            connection.execute(text(f"INSERT INTO tasks {task}"), {"task": fake.id})
            row = f"INSERT INTO watches {watch} '[]', 0, 0, '{outcome}', NULL, '', NULL)"
            connection.execute(text(row), {"id": number, "task": fake.id})
        clip = Clip(
            id=TWO.clip_id,
            status=Status.DONE,
            title=TWO.title,
            audio_url=f"{env.gateway.media_url}/audio/{TWO.clip_id}",
        )
        answer = msgspec.json.encode(Task(id=OWED.id, kind=TaskKind.MUSIC, status=Status.DONE, clips=(clip,))).decode()
        row = "INSERT INTO answers VALUES (:task, :answer, '')"
        connection.execute(text(row), {"task": OWED.id, "answer": answer})
        clips = f'["{TWO.clip_id}"]'
        claimed = (
            f"(3, 'abc', 2, {channel}, 'songs', '{clips}', {now}, 'waiting', '', {now}, 0.0, 0, 0, NULL, NULL, NULL,"
        )
        connection.execute(text(f"INSERT INTO deliveries VALUES {claimed} NULL, '')"))
    engine.dispose()
    async with env.bot(**FAST):
        posts = await env.posts(2)
    assert {post["embeds"][0]["footer"]["text"].split(" ")[0] for post in posts} == {UNDER_WAY.id, OWED.id}
