"""An operator deletes all that is kept about a person."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.local_gateway.fake_task import FakeTask
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
