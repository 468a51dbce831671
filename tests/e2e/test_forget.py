"""An operator deletes all that is kept about a person."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.local_gateway.fake_task import FakeTask, Song
from tests.bot_process import Command, Start, running
from tests.conftest import Env


def kept(file: Path, person: str) -> list[str]:
    """Every row, of any table, in which the person's id stands."""
    with closing(sqlite3.connect(file)) as database:
        dumped = [line for line in database.iterdump() if line.startswith("INSERT")]
    return [line for line in dumped if person in line]


@pytest.fixture
async def used(env: Env, start: Start) -> Env:
    """Ada and Ben have looked up and watched tasks, and Ben has joined Ada's watch; the bot was stopped."""
    env.gateway.add(FakeTask("task_adas", states=((0, "queued"),)), FakeTask("task_bens", states=((0, "queued"),)))
    async with running(env.discord, start):
        await env.status("task_adas")
        await env.status("task_bens", person=env.ben)
        await env.watch("task_adas")
        await env.watch("task_bens", "task_adas", person=env.ben, mention=env.ben.user)
    return env


async def test_all_of_a_person_is_gone_and_nothing_of_others(used: Env, command: Command, tmp_path: Path) -> None:
    file = tmp_path / "bot.db"
    before = await asyncio.to_thread(kept, file, used.ada.id)
    assert await asyncio.to_thread(kept, file, used.ben.id)
    code, output, errors = await command("forget-user", used.ben.id)
    assert (code, errors) == (0, "")
    assert f"Of user {used.ben.id}" in output
    assert all(each in output for each in ("open watches, also joined ones: 2", "history and lists: 1"))
    assert await asyncio.to_thread(kept, file, used.ben.id) == []
    assert await asyncio.to_thread(kept, file, used.ada.id) == [
        line.replace(f'"<@{used.ben.id}>"', "") for line in before
    ]


async def test_while_the_bot_runs_the_button_is_the_way(used: Env, command: Command, tmp_path: Path) -> None:
    async with used.bot():
        code, output, errors = await command("forget-user", used.ben.id)
    assert (code, output) == (74, "")
    assert "the bot is running: stop it first, or have the person press Delete my data" in errors
    assert await asyncio.to_thread(kept, tmp_path / "bot.db", used.ben.id)


@pytest.mark.usefixtures("_before_the_first_start")
async def test_without_a_database_nothing_is_kept_of_anybody(command: Command, tmp_path: Path) -> None:
    code, _, errors = await command("forget-user", "123456789012345678")
    assert (code, list(tmp_path.iterdir())) == (74, [])
    assert "there is no database" in errors


@pytest.mark.parametrize("typed", ["ben", "-1", "12345", "1" * 25])
async def test_an_invalid_id_is_refused(command: Command, typed: str) -> None:
    code, _, errors = await command("forget-user", typed)
    assert code == 2
    assert "usage" in errors


async def test_of_songs_charts_and_playlists_what_is_others_stays(
    env: Env, start: Start, command: Command, tmp_path: Path
) -> None:
    """Ada posted a song of two takes, chose one, starred Ben's, turned the chart on, and made a playlist for all."""
    adas = FakeTask("task_adas", songs=(Song("a1", "Tide", duration=1.0), Song("a2", "Tide", duration=1.5)))
    env.gateway.add(adas, FakeTask("task_bens", songs=(Song("b1", "Moth", duration=2.0),)))
    async with running(env.discord, start):
        for person, task_id in ((env.ada, "task_adas"), (env.ben, "task_bens")):
            before = len(env.posted())
            await env.watch(task_id, person=person)
            await env.newest_post(env.channel, before + 1)
        await env.finished(await env.ada.slash(env.channel, "suno-admin charts", channel=env.channel))
        adas_post, bens_post = env.posted()
        asked = await env.finished(await env.ada.press(adas_post, "Choose a take"))
        await env.changed(await env.ada.press(asked, "Take 1"))
        await env.finished(await env.ada.press(bens_post, "0"))
        await env.finished(await env.ben.press(adas_post, "⭐"))
        for person, options in (
            (env.ada, {"name": "Own"}),
            (env.ada, {"name": "Ours", "scope": "server"}),
            (env.ben, {"name": "Bens"}),
        ):
            await env.finished(await person.slash(env.channel, "suno playlist create", **options))
            for song in ("task_adas#1", "task_bens#1"):
                added = {"name": options["name"], "song": song}
                await env.finished(await person.slash(env.channel, "suno playlist add", **added))
    file = tmp_path / "bot.db"
    assert await asyncio.to_thread(rows, file, "SELECT count(*) FROM library WHERE chosen OR folded") == [(2,)]
    code, _, errors = await command("forget-user", env.ada.id)
    assert (code, errors) == (0, "")
    assert await asyncio.to_thread(kept, file, env.ada.id) == []
    for statement, left in (
        ("SELECT task_id, user_id FROM library", [("task_bens", int(env.ben.id))]),
        ("SELECT count(*) FROM stars", [(0,)]),
        ("SELECT name FROM playlists ORDER BY name", [("Bens",), ("Ours",)]),
        ("SELECT DISTINCT task_id FROM playlist_songs", [("task_bens",)]),
        ("SELECT count(*) FROM playlist_songs", [(2,)]),
        ("SELECT count(*) FROM charts WHERE due_at IS NOT NULL AND user_id = 0", [(1,)]),
    ):
        assert await asyncio.to_thread(rows, file, statement) == left, statement


def rows(file: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as database:
        return database.execute(statement).fetchall()
