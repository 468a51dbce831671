"""Copies of the database: made while the bot runs, restored as the program says."""

import asyncio
import gc
import os
import shutil
import signal
import sqlite3
import sys
from asyncio.subprocess import PIPE
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import StorageError
from bot.storage.backup import back_up
from bot.storage.database import open_database
from bot.storage.schema import REVISION
from sandbox.local_gateway.fake_task import FakeTask, Song
from tests.bot_process import Command
from tests.conftest import Env
from tests.e2e.test_create import ON, card, give_id, let_in, press, turn_on, with_role
from tests.e2e.test_create_limits import set_numbers
from tests.messages import buttons, words
from tests.sample_tasks import LATER


def watched(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as database:
        return [row[0] for row in database.execute("SELECT task_id FROM watches ORDER BY id")]


async def restore(output: str) -> None:
    """By the command that `backup` tells."""
    # The end of a process closes its connections. Here a cancelled task's traceback may refer to one for longer.
    gc.collect()
    restoring = await asyncio.create_subprocess_exec("/bin/sh", "-c", output.splitlines()[-1])
    assert await restoring.wait() == 0


async def test_a_backup_of_a_running_bot_can_be_restored(env: Env, command: Command, tmp_path: Path) -> None:
    env.gateway.add(FakeTask("task_before", states=((0, "queued"),)), FakeTask("task_after", states=((0, "queued"),)))
    async with env.bot():
        await env.watch("task_before")
        code, output, errors = await command("backup")
        await env.watch("task_after")
    (copy,) = tmp_path.glob("bot-*Z.db")
    assert (code, errors) == (0, "")
    assert f"{copy}: {copy.stat().st_size:,} bytes, revision {REVISION}, checked" in output
    assert copy.stat().st_mode & 0o777 == 0o600
    assert await asyncio.to_thread(watched, tmp_path / "bot.db") == ["task_before", "task_after"]
    await restore(output)
    assert await asyncio.to_thread(watched, tmp_path / "bot.db") == ["task_before"]
    async with env.bot():
        assert "task_before" in str(await env.watches())


async def test_songs_sent_since_a_backup_are_not_sent_again_after_its_restore(env: Env, command: Command) -> None:
    env.gateway.add(LATER)
    async with env.bot():
        await env.watch(LATER.id)
        _, output, _ = await command("backup")
        await env.clock.advance(700, step=20)
        (post,) = await env.posts()
    env.clock.jump(3_600)  # Discord has long forgotten the nonce
    await restore(output)
    async with env.bot():
        await env.clock.advance(60, step=5)
        await env.says(env.watches, "You aren't watching any tasks")
    assert env.posted() == [post]


async def test_cards_that_changed_since_a_backup_show_what_the_copy_knows(env: Env, command: Command) -> None:
    env.gateway.add(LATER)
    async with env.bot():
        await env.watch(LATER.id, live=True)
        (card,) = await env.posts()
        await env.clock.advance(30, step=5)
        await env.discord.hub.until(lambda: any(each.method == "PATCH" for each in env.discord.requests))
        await env.clock.advance(10, step=5)
        _, output, _ = await command("backup")
        await env.finished(await env.ada.press(card, "Stop"))
        await env.clock.advance(20, step=5)
        await env.discord.hub.until(lambda: "No longer watched" in words(card))
    await restore(output)
    async with env.bot():
        await env.clock.advance(20, step=5)
        await env.discord.hub.until(lambda: "No longer watched" not in words(card))
        await env.clock.advance(700, step=20)
        await env.posts(2)
        await env.discord.hub.until(lambda: "Here is the result" in words(card))


async def test_a_button_of_what_was_watched_since_a_backup_stops_nothing_else(env: Env, command: Command) -> None:
    env.gateway.add(FakeTask("task_lost", states=((0, "queued"),)), FakeTask("task_next", states=((0, "queued"),)))
    async with env.bot():
        _, output, _ = await command("backup")
        await env.watch("task_lost", live=True)
        (card,) = await env.posts()
    await restore(output)
    async with env.bot():
        await env.watch("task_next")
        said = await env.finished(await env.ada.press(card, "Stop"))
        assert "isn't being watched any more" in words(said)
        assert "task_next" in str(await env.watches())


async def test_a_song_sent_since_a_backup_is_not_sent_again_when_the_second_is_there(
    env: Env, command: Command, tmp_path: Path
) -> None:
    """It was posted alone, and would now be posted with the other one."""
    first, second = (Song(f"{number:08}-1111-4222-8333-444444444444", "Rain", duration=2.0) for number in (1, 2))
    halves = FakeTask("task_halves", songs=(replace(first, state="done"), second), states=((0, "running"),))
    env.gateway.add(FakeTask(halves.id, states=((0, "queued"),)))
    async with env.bot():
        await env.watch(halves.id)
        _, output, _ = await command("backup")
        env.gateway.add(halves)
        await env.clock.advance(100, step=5)
        (post,) = await env.posts()
    restoring = await asyncio.create_subprocess_exec("/bin/sh", "-c", output.splitlines()[-1])
    assert await restoring.wait() == 0
    env.gateway.add(replace(halves, states=((0, "done"),)))
    async with env.bot():
        await env.clock.advance(100, step=5)
        both = await env.posts(2)
    assert both[0] == post
    assert [len(each["attachments"]) for each in both] == [1, 1]
    with closing(sqlite3.connect(tmp_path / "bot.db")) as database:
        found = database.execute("SELECT number, message_id FROM library ORDER BY number").fetchall()
    assert found == [(number, int(each["id"])) for number, each in enumerate(both, 1)]


async def test_orders_sent_since_a_backup_are_not_sent_again_after_its_restore(env: Env, command: Command) -> None:
    """One was placed, one waited for approval, and one was a draft, a moment before."""
    role = with_role(env, env.ben, "Singers")
    world = env.discord.world
    user = world.add_user("Cai", locale="zh-CN")
    world.add_member(world.guilds[env.channel["guild_id"]], user, role)
    cai = env.discord.person(user)
    env.gateway.orders.takes = 600.0
    async with env.bot(**ON, create_at_once=1):
        panel = await turn_on(env)
        await let_in(env, panel, role)
        await set_numbers(env, panel, field3="9")  # of one person at once
        draft = await card(env, about="draft")
        await press(env, env.ada, await card(env, about="first"), "Create")
        await env.discord.hub.until(lambda: len(env.gateway.orders.posts) == 1)
        await press(env, env.ben, await card(env, env.ben, about="placed"), "创作")
        await press(env, env.ada, panel, "Ask for approval")
        await press(env, cai, await card(env, cai, about="waiting"), "创作")
        _, output, _ = await command("backup")
        create = next(each for each in buttons(draft) if each.startswith("Create"))
        rows = draft["components"]
        await env.clock.advance(31)
        await press(env, env.ada, draft, "Create")
        asked = await env.finished(await env.ada.slash(env.channel, "suno-admin orders"))
        await press(env, env.ada, asked, "Approve")
    async with env.bot(**ON, create_at_once=9):
        await env.discord.hub.until(lambda: len(env.gateway.orders.posts) == 4)
    await restore(output)
    draft["components"] = rows  # a device that has not seen the card change
    async with env.bot(**ON, create_at_once=9):
        await env.changed(await env.ada.press(draft, create))
        await env.settle_down(0.2)
        assert "see whether its song was posted" in draft["content"]
        asked = await env.finished(await env.ada.slash(env.channel, "suno-admin orders"))
        assert "Approve" not in buttons(asked)
        await env.clock.advance(60, step=5)
        dms = [world.dm_with(each.user) for each in (env.ben, cai)]
        await env.discord.hub.until(lambda: all("数据库副本" in str(env.posted(dm)) for dm in dms))
        usage = await env.finished(await env.ben.slash(env.channel, "suno usage"))
        assert "歌曲：已用 0 / 3" in usage["content"]
    assert len(env.gateway.orders.posts) == 4


@pytest.mark.parametrize(("ordered", "files"), [("create", 2), ("write", 0)])
async def test_what_comes_of_an_order_that_is_settled_once_more_after_a_restore_is_not_posted_again(
    env: Env, command: Command, ordered: str, files: int
) -> None:
    """Its watch is new, unlike the order: in the copy it was unsure."""
    env.gateway.orders.plan, env.gateway.orders.takes = ["lost"], 3.0
    async with env.bot(**ON):
        await turn_on(env)
        shown = await env.finished(await env.ada.slash(env.channel, f"suno {ordered}", about="rain on the harbour"))
        await press(env, env.ada, shown, next(each for each in buttons(shown) if "Edit" not in each))
        await env.discord.hub.until(lambda: bool(env.gateway.orders.posts))
        await env.clock.advance(20, step=5)
        _, output, _ = await command("backup")
        await give_id(env)
        await env.clock.advance(20, step=1)
        before = await env.posts()
    assert len(before[0]["attachments"]) == files
    await restore(output)
    async with env.bot(**ON):
        await give_id(env)
        await env.clock.advance(60, step=1)
        await env.says(env.watches, "You aren't watching any tasks")
    assert env.posted() == before


async def test_an_existing_file_is_left_alone(command: Command, tmp_path: Path) -> None:
    await command("migrate")
    (tmp_path / "mine").write_text("precious")
    code, _, errors = await command("backup", "mine")
    assert (code, (tmp_path / "mine").read_text()) == (74, "precious")
    assert "mine exists already" in errors
    assert "Traceback" not in errors


@pytest.mark.usefixtures("_before_the_first_start")
async def test_without_a_database_there_is_nothing_to_copy(command: Command, tmp_path: Path) -> None:
    code, _, errors = await command("backup", "copy.db")
    assert (code, list(tmp_path.iterdir())) == (74, [])
    assert "there is no database" in errors


async def test_a_folder_that_is_not_there_is_named(command: Command) -> None:
    await command("migrate")
    code, _, errors = await command("backup", "nowhere/copy.db")
    assert code == 74
    assert "nowhere/copy.db cannot be written" in errors


async def test_in_a_folder_it_gets_a_name_of_its_own(command: Command, tmp_path: Path) -> None:
    await command("migrate")
    (tmp_path / "copies").mkdir()
    code, output, _ = await command("backup", "copies")
    (copy,) = (tmp_path / "copies").iterdir()
    assert (code, f"copies/{copy.name}: " in output) == (0, True)


@pytest.mark.usefixtures("_before_the_first_start")
async def test_a_database_behind_a_link_is_restored_where_it_is(command: Command, tmp_path: Path) -> None:
    """What SQLite writes beside it lies there, too."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "bot.db").symlink_to(tmp_path / "disk" / "real.db")
    await command("migrate")
    _, output, _ = await command("backup")
    (copy,) = (tmp_path / "disk").glob("real-*Z.db")
    assert output.endswith(f"-shm && cp {copy} {tmp_path}/disk/real.db\n")
    assert f"rm -f {tmp_path}/disk/real.db-wal" in output


BACK_UP = """
import resource, signal, sys
from pathlib import Path
from bot.storage.backup import back_up

signal.signal(signal.SIGXFSZ, getattr(signal, sys.argv[3]))
resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, 64 * 1024))
back_up(Path(sys.argv[1]), Path(sys.argv[2]))
"""
"""A copy for which there is no room: the system ends the program in the middle of it, or writing fails."""


async def _backed_up(file: Path, copy: Path, at_the_end: str) -> tuple[int | None, str]:
    command = [sys.executable, "-c", BACK_UP, str(file), str(copy), at_the_end]
    process = await asyncio.create_subprocess_exec(*command, stderr=PIPE)
    _, errors = await process.communicate()
    return process.returncode, errors.decode()


async def test_a_copy_that_is_killed_has_no_name(tmp_path: Path) -> None:
    file, copy = tmp_path / "bot.db", tmp_path / "copies" / "copy.db"
    copy.parent.mkdir()
    await _database(file)
    assert await _backed_up(file, copy, "SIG_DFL") == (-signal.SIGXFSZ, "")
    (unfinished,) = copy.parent.iterdir()
    assert unfinished.stat().st_size > 0
    back_up(file, copy)
    assert unfinished.exists(), "it may be another's that goes on"
    os.utime(unfinished, (0, 0))
    back_up(file, tmp_path / "copies" / "next.db")
    assert sorted(each.name for each in copy.parent.iterdir()) == ["copy.db", "next.db"]


async def test_a_copy_for_which_there_is_no_room_leaves_nothing(tmp_path: Path) -> None:
    file, copy = tmp_path / "bot.db", tmp_path / "copies" / "copy.db"
    copy.parent.mkdir()
    await _database(file)
    code, errors = await _backed_up(file, copy, "SIG_IGN")
    assert (code, list(copy.parent.iterdir())) == (1, [])
    assert f"StorageError: {file} cannot be copied to {copy.parent}" in errors


async def test_a_file_that_comes_meanwhile_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, copy = tmp_path / "bot.db", tmp_path / "copy.db"
    await _database(file)
    fsync = os.fsync

    def meanwhile(descriptor: int) -> None:
        copy.write_text("precious")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", meanwhile)
    with pytest.raises(StorageError, match="exists already"):
        back_up(file, copy)
    assert copy.read_text() == "precious"


async def test_on_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, copy = tmp_path / "bot.db", tmp_path / "copy.db"
    await _database(file)

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert back_up(file, copy).revision == REVISION
    assert [each.name for each in tmp_path.iterdir() if not each.name.startswith("bot.db")] == ["copy.db"]


async def _database(file: Path) -> None:
    async with open_database(f"sqlite+aiosqlite:///{file}"):
        pass


async def test_a_backup_contains_no_uncommitted_rows(tmp_path: Path) -> None:
    file, copy = tmp_path / "bot.db", tmp_path / "copy #1?.db"
    await _database(file)
    with closing(sqlite3.connect(file)) as database:
        database.execute("INSERT INTO notes VALUES ('half', 'done')")
        assert back_up(file, copy).revision == REVISION
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT count(*) FROM notes WHERE key = 'half'").fetchone() == (0,)


@pytest.mark.parametrize("damage", [b"", b"not a database " * 1000, None])
async def test_a_damaged_database_gives_no_copy(tmp_path: Path, damage: bytes | None) -> None:
    file, copy = tmp_path / "bot.db", tmp_path / "copy.db"
    await _database(file)
    if damage is None:
        with file.open("r+b") as content:
            content.seek(-4096 * 4, os.SEEK_END)
            content.write(b"\xff" * 4096 * 3)
    else:
        file.write_bytes(damage)
    with pytest.raises(StorageError):
        back_up(file, copy)
    assert not copy.exists()
    shutil.rmtree(tmp_path)
